"""Pages of a course's submissions: the list, one of them with its review, the file, the bundle that reproduces it."""

from __future__ import annotations

import io
from typing import Any

from flask import Response, abort, render_template, request, send_file

from grader.errors import ExerciseError
from grader.report import Report, Verdict
from server.access import Audience, open_to
from server.context import course as course_of_path
from server.context import now, parts, reader
from server.course import deadline
from server.course.place import local
from server.exercise.titles import title_of
from server.models import Assignment, Grading, Submission
from server.office.words import OWNERS
from server.review import asking, bundle, evidence, listing, record, rubric_pages, writing
from server.review.blueprint import bp, chosen, find_submission, read_source
from server.review.filter import REVIEWED
from server.store import StoreError
from server.submission import curve
from server.submission.shown import show_tests

__all__ = ["bp", "rubric_pages", "writing"]


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> str:
    """Show what was handed in for the course's assignments."""
    its, wanted = course_of_path(), chosen()
    overview = listing.read_overview(reader(), its.id)
    if wanted.assignment not in [None, *(each.id for each in overview.assignments)]:
        abort(404)
    return render_template(
        "course/review_list.html",
        language=local(),
        chosen=wanted,
        overview=overview,
        page=listing.read_page(reader(), its.id, wanted, request.args.get("page", 1, type=int)),
        titles={each.slug: title_of(each.slug) for each in overview.assignments},
        reviewed_words=REVIEWED,
    )


@bp.get("/<id>")
@open_to(Audience.STAFF)
def show(course: str, id: str) -> str:
    """Show one submission, with all that is known of it, and its review."""
    submission, assignment = find_submission(id)
    return page(submission, assignment)


def page(
    submission: Submission,
    assignment: Assignment,
    problems: dict[str, str] | None = None,
    typed: dict[str, Any] | None = None,
) -> str:
    """The page of a submission; ``typed`` is what stands in a form that is not right yet."""
    language = local()
    graded = _graded(submission)
    report = Report.from_store(graded.report) if graded.report else None
    found = evidence.read(reader(), submission, assignment)
    handed_in = read_source(submission)
    order = evidence.order(submission, graded, report)
    return render_template(
        "course/review.html",
        language=language,
        submission=submission,
        assignment=assignment,
        title=title_of(submission.slug),
        graded=graded,
        report=report,
        shown_tests=show_tests(report, language) if report else [],
        diagrams_of={test.name: curve.lay_out(test.curve, language) for test in report.tests} if report else {},
        evidence=found,
        its=record.read(reader(), submission),
        source=handed_in,
        requests=asking.requests_of(reader(), submission.id),
        neighbours=listing.find_neighbours(reader(), course_of_path().id, chosen(), submission.id),
        chosen=chosen(),
        command=bundle.command(order),
        order=order,
        version_now=_version(submission.slug),
        now=now(),
        problems=problems or {},
        typed=typed,
        Verdict=Verdict,
        deadlines=deadline,
        took=evidence.took,
        waited=evidence.waited(submission),
        passed=evidence.count_passed(report) if report else 0,
        kinds=evidence.KINDS,
        owners=OWNERS,
        request_words=asking.STATES,
    )


def _graded(submission: Submission) -> Submission | Grading:
    """The grading that the reader looks at: the one that counts, or another one."""
    wanted = request.args.get("grading", "")
    if not wanted:
        return submission
    return evidence.find_grading(reader(), submission, wanted) or abort(404)


def _version(slug: str) -> str:
    """The exercise as it is now; empty: it is gone."""
    try:
        return parts().catalogue.find(slug).version
    except ExerciseError:
        return ""


@bp.get("/<id>/file")
@open_to(Audience.STAFF)
def file(course: str, id: str) -> Response:
    """Send what was handed in, as a file to save: a browser must never run or show it."""
    return send_file_of(find_submission(id)[0])


def send_file_of(submission: Submission) -> Response:
    """Send what was handed in, under the name that its student gave it."""
    return _attachment(_content(submission), bundle.safe_name(submission.file_name), "application/octet-stream")


@bp.get("/<id>/bundle.zip")
@open_to(Audience.STAFF)
def pack(course: str, id: str) -> Response:
    """Send what grades it again elsewhere."""
    submission, _assignment = find_submission(id)
    graded = _graded(submission)
    report = Report.from_store(graded.report) if graded.report else None
    order = evidence.order(submission, graded, report)
    moment = local().moment(submission.created_at)
    packed = bundle.pack(order, _content(submission), report, moment, local())
    return _attachment(packed, f"{submission.slug}-{submission.id}.zip", "application/zip")


def _content(submission: Submission) -> bytes:
    try:
        return parts().store.get(submission.blob)
    except StoreError:
        abort(404)


def _attachment(content: bytes, name: str, kind: str) -> Response:
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)
