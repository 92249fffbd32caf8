"""Pages of the gradebook: the table, one student, one cell with its override, exports."""

from __future__ import annotations

import io
import math

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from server.access import Audience, open_to
from server.context import _, language, me, now, parts, reader
from server.context import course as here
from server.course import deadline, export, gradebook, results, terms
from server.course import override as override_rules
from server.course.gradebook import MARKS, Filter
from server.course.place import assignment_here, local
from server.exercise.titles import title_of
from server.models import Assignment, Extension, LogEntry, Membership, Result, Role, Submission, User
from server.office import log
from server.office.log import Action

bp = Blueprint("gradebook", __name__, url_prefix="/courses/<course>/gradebook")

Page = str | BaseResponse | tuple[str, int]


@bp.get("")
@open_to(Audience.STAFF)
def show(course: str) -> str:
    """Show students by assignments."""
    chosen = _read_filter()
    book = gradebook.read(reader(), here().id, chosen, request.args.get("page", 1, type=int))
    return render_template(
        "course/gradebook.html",
        book=book,
        chosen=chosen,
        titles=_titles(book.assignments),
        kept=_kept(),
        marks=MARKS,
    )


@bp.get("/export.csv")
@open_to(Audience.STAFF)
def export_csv(course: str) -> Response:
    """Send the whole gradebook as CSV; ``?separator=;`` with a decimal comma where the reader's language has one."""
    separator = ";" if request.args.get("separator") == ";" else ","
    decimal = "," if separator == ";" and language().tag == "pt-BR" else "."
    book, titles = _export("csv")
    content = export.write_csv(export.rows(book, titles, language()), separator, decimal)
    return _send(content, "text/csv", "csv")


@bp.get("/export.xlsx")
@open_to(Audience.STAFF)
def export_excel(course: str) -> Response:
    """Send the whole gradebook as an Excel workbook."""
    book, titles = _export("xlsx")
    content = export.write_excel(list(export.rows(book, titles, language())), here().title)
    return _send(content, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")


@bp.get("/<login>")
@open_to(Audience.STAFF)
def show_student(course: str, login: str) -> str:
    """Show everything that counts for one student."""
    member = _member(login)
    assignments = gradebook.list_assignments(reader(), here().id)
    ids = [each.id for each in assignments]
    mine = select(Result).where(Result.user_id == member.user_id, Result.assignment_id.in_(ids))
    handed_in = select(Submission).where(Submission.user_id == member.user_id, Submission.assignment_id.in_(ids))
    attempts: dict[int, list[Submission]] = {}
    for submission in reader().scalars(handed_in.order_by(Submission.attempt.desc())):
        attempts.setdefault(submission.assignment_id or 0, []).append(submission)
    given = select(Extension).where(Extension.user_id == member.user_id, Extension.assignment_id.in_(ids))
    return render_template(
        "course/gradebook_student.html",
        member=member,
        assignments=assignments,
        titles=_titles(assignments),
        worth=results.points_of(reader(), assignments),
        results={each.assignment_id: each for each in reader().scalars(mine)},
        attempts=attempts,
        extensions={each.assignment_id: each for each in reader().scalars(given)},
        late_days=member.late_day_budget,
        deadlines=deadline,
        local=local(),
    )


@bp.get("/<login>/<slug>")
@open_to(Audience.STAFF)
def show_cell(course: str, login: str, slug: str) -> str:
    """Show one student in one assignment, with the form that sets the points by hand."""
    return _cell_page(_member(login), assignment_here(slug), {})


@bp.post("/<login>/<slug>")
@open_to(Audience.TEACHER)
def override(course: str, login: str, slug: str) -> Page:
    """Set the points by hand, or let them follow from submissions again."""
    member, assignment = _member(login), assignment_here(slug)
    reason = request.form.get("reason", "").strip()
    points = None if request.form.get("action") == "remove" else _read_points(request.form.get("points", ""))
    problems = _check(points, reason, is_removal=request.form.get("action") == "remove")
    if problems:
        return _cell_page(member, assignment, problems), 400
    with parts().database.write() as session:
        override_rules.set_points(session, member, assignment, points, reason, me().id, now())
    flash(_("The points are set.") if points is not None else _("The points follow from submissions again."))
    return redirect(url_for("gradebook.show_cell", course=course, login=login, slug=slug))


def _check(points: float | None, reason: str, *, is_removal: bool) -> dict[str, str]:
    problems = {}
    if points is None and not is_removal:
        problems["points"] = _("Write a number of points from 0 on, such as 7.5.")
    if not reason:
        problems["reason"] = _("Say why: the student may ask.")
    elif len(reason) > override_rules.MAX_REASON:
        problems["reason"] = _("Use at most %(n)s characters.") % {"n": language().number(override_rules.MAX_REASON)}
    return problems


def _read_points(text: str) -> float | None:
    """A number as people write it, with a point or a comma; None: it is none."""
    try:
        points = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return points if math.isfinite(points) and 0 <= points <= override_rules.MAX_POINTS else None


def _cell_page(member: Membership, assignment: Assignment, problems: dict[str, str]) -> str:
    user_id, session = member.user_id, reader()
    handed_in = select(Submission).where(Submission.user_id == user_id, Submission.assignment_id == assignment.id)
    changes = select(LogEntry).where(
        LogEntry.course_id == here().id, LogEntry.user_id == user_id, LogEntry.subject == assignment.slug,
        LogEntry.action == Action.RESULT_OVERRIDDEN.value,
    )  # fmt: skip
    entries = session.scalars(changes.order_by(LogEntry.id.desc())).all()
    people = select(User).where(User.id.in_({each.by_id for each in entries if each.by_id}))
    extension = session.scalar(
        select(Extension).where(Extension.assignment_id == assignment.id, Extension.user_id == user_id)
    )
    return render_template(
        "course/gradebook_cell.html",
        member=member,
        assignment=assignment,
        title=title_of(assignment.slug),
        worth=results.points_of(session, [assignment])[assignment.id],
        result=session.get(Result, (assignment.id, user_id)),
        attempts=session.scalars(handed_in.order_by(Submission.attempt.desc())).all(),
        terms=terms.read_terms(assignment, extension),
        extension=extension,
        entries=entries,
        names={each.id: each.name for each in session.scalars(people)},
        form=request.form,
        problems=problems,
        max_reason=override_rules.MAX_REASON,
        deadlines=deadline,
        local=local(),
    )


def _member(login: str) -> Membership:
    """A student of this course."""
    mine = select(Membership).join(Membership.user).where(
        Membership.course_id == here().id, Membership.role == Role.STUDENT, User.login == login
    )  # fmt: skip
    return reader().scalar(mine) or abort(404)


def _titles(assignments: list[Assignment]) -> dict[int, str]:
    return {each.id: title_of(each.slug) for each in assignments}


def _read_filter() -> Filter:
    """The filter of the address; what makes no sense there filters nothing."""
    args = request.args
    return Filter(
        query=" ".join(args.get("q", "").split())[: gradebook.MAX_QUERY],
        section=args.get("section", "")[:40],
        missing=args.get("missing", type=int),
        below=args.get("below", type=_percent),
        of=args.get("of", type=int),
        requests=args.get("requests") == "yes",
        sort=args.get("sort", gradebook.NAME),
        descending=args.get("descending") == "yes",
    )


def _percent(text: str) -> float:
    """Raises ValueError."""
    value = float(text.replace(",", "."))
    if not 0 <= value <= 1000:
        raise ValueError(text)
    return value


def _kept() -> dict[str, str]:
    """What the address says, but for the page."""
    return {name: value for name, value in request.args.items() if name in _ARGS and value}


_ARGS = ("q", "section", "missing", "below", "of", "requests", "sort", "descending")


def _export(kind: str) -> tuple[gradebook.Gradebook, dict[int, str]]:
    book = gradebook.read(reader(), here().id, Filter(), None)
    with parts().database.write() as session:
        log.write(session, Action.GRADES_EXPORTED, me().id, now(), course_id=here().id, subject=kind)
    return book, _titles(book.assignments)


def _send(content: bytes, kind: str, ending: str) -> Response:
    name = f"{here().code}-{now().date().isoformat()}.{ending}"
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)
