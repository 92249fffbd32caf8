"""Pages of what was handed in: history, live state, report, receipt, the file itself."""

from __future__ import annotations

import io

from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as BaseResponse

from grader.report import Verdict
from server import log, render
from server.access import Audience, open_to
from server.context import _, language, me, now, parts, reader
from server.course import terms
from server.course.offer import find_offer
from server.exchange import listing as exchange
from server.exercise.pages import choose, my_attempts
from server.exercise.titles import title_of
from server.models import State, Submission
from server.regrade import notice
from server.review import asking
from server.review import student as told
from server.store import StoreError
from server.submission import comparison, curve, difference, history, live, receipt, veil
from server.submission.shown import show_tests

bp = Blueprint("submissions", __name__, url_prefix="/submissions")

Page = str | BaseResponse | tuple[str, int]

#: source up to this size is shown on the page; anything can be downloaded
MAX_SHOWN = 100_000


@bp.get("")
@open_to(Audience.STUDENT)
def index() -> str:
    """Show what the student has handed in, newest first, and what came of each exercise."""
    newest = (Submission.created_at.desc(), Submission.attempt.desc())
    mine = list(reader().scalars(select(Submission).where(Submission.user_id == me().id).order_by(*newest)))
    veil.draw(reader(), mine, now())
    records = history.records(mine)
    chosen = request.args.get("exercise", "")
    slugs = parts().catalogue.slugs()
    return render_template(
        "submissions.html",
        records=records,
        by_slug={record.slug: record for record in records},
        titles={record.slug: title_of(record.slug) for record in records},
        chosen=chosen,
        page=history.page([each for each in mine if chosen in ("", each.slug)], _page_number()),
        solved=history.solved(records, slugs),
        offered=len(slugs),
        has_exchange=exchange.has_own(reader(), me().id),
    )


def _page_number() -> int:
    return request.args.get("page", 1, type=int)


@bp.get("/<id>")
@open_to(Audience.STUDENT)
def show(id: str) -> str:
    """Show one submission: how far its grading is, or the report."""
    return _show(find_own(id))


@bp.post("/<id>")
@open_to(Audience.STUDENT)
def ask(id: str) -> Page:
    """Ask staff to look at the grading again."""
    submission, text = find_own(id), asking.clean(request.form.get("request", ""))
    if not asking.may_be_asked(reader(), submission):
        abort(404)
    refusal = asking.check_text(text)
    if refusal is None:
        with parts().database.write() as session:
            refusal = asking.ask(session, submission.id, text, now())
    if refusal is not None:
        return _show(submission, refusal, text), 400
    flash(_("Your request is sent. The answer will appear on this page."))
    return redirect(url_for("submissions.show", id=id, _anchor="asking"))


def _show(submission: Submission, request_problem: str = "", request_text: str = "") -> str:
    """The page; the last two are what a request for a regrade says, and what is wrong with it."""
    attempts = my_attempts(submission.slug)
    report = veil.read_report(reader(), submission, now())
    earlier = comparison.find_earlier(reader(), submission) if report else []
    veil.draw(reader(), earlier, now())
    progress = live.look(submission)
    is_followed = submission.is_open or progress.pending is not None
    source = _source(submission)
    shown = show_tests(report, language()) if report else []
    return render_template(
        "submission.html",
        submission=submission,
        title=title_of(submission.slug),
        live=live.state(submission, progress) if is_followed else None,
        report=report,
        shown_tests=shown,
        titles={test.name: each.title for test, each in zip(report.tests, shown, strict=True)} if report else {},
        diagrams_of={test.name: curve.lay_out(test.curve, language()) for test in report.tests} if report else {},
        attempts=attempts,
        best=choose(find_offer(reader(), submission.slug, me().id, now()), attempts),
        comparison=comparison.compare(submission, report, earlier) if report else None,
        difference=_difference(submission, source, earlier),
        days_late=terms.days_late(veil.terms_of(reader(), submission), submission.created_at),
        source=render.code(source) if source else "",
        has_leaderboard=parts().settings.leaderboard,
        regraded=notice.read_notices(reader(), submission, now()),
        Verdict=Verdict,
        told=told.read(reader(), parts().store, submission),
        request_words=asking.STATES,
        request_problem=request_problem,
        request_text=request_text,
    )


@bp.get("/<id>/state")
@open_to(Audience.STUDENT)
def state(id: str) -> Response:
    """Say how far the grading is, for a page that cannot hear the events."""
    submission = find_own(id)
    return jsonify(live.state(submission, live.look(submission)))


@bp.get("/<id>/events")
@open_to(Audience.STUDENT)
def events(id: str) -> Response:
    """Say how far the grading is, again whenever that changes."""
    return live.answer(find_own(id).id, request.headers.get("Last-Event-ID", ""))


@bp.get("/<id>/file")
@open_to(Audience.STUDENT)
def file(id: str) -> Response:
    """Send back what was handed in, as a file to save: a browser must never run or show it."""
    submission = find_own(id)
    try:
        content = parts().store.get(submission.blob)
    except StoreError:
        abort(404)
    return _attachment(content, submission.file_name, "application/octet-stream")


@bp.get("/<id>/receipt")
@open_to(Audience.STUDENT)
def show_receipt(id: str) -> str:
    """Show the receipt, for paper."""
    submission = find_own(id)
    issued = _receipt(submission)
    return render_template(
        "receipt.html", submission=submission, receipt=issued, title=title_of(submission.slug), student=me()
    )


@bp.get("/<id>/receipt.txt")
@open_to(Audience.STUDENT)
def save_receipt(id: str) -> Response:
    """Send the receipt as a text file."""
    submission = find_own(id)
    name = f"receipt-{submission.slug}-{submission.attempt}.txt"
    return _attachment(_receipt(submission).text().encode(), name, "text/plain")


def _attachment(content: bytes, name: str, kind: str) -> Response:
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)


def _receipt(submission: Submission) -> receipt.Receipt:
    return receipt.issue(submission, me(), parts().settings.secret_key, language().zone)


def find_own(id: str) -> Submission:
    """The student's own submission; somebody else's is not there."""
    submission = reader().get(Submission, id)
    if submission is None:
        abort(404)
    if submission.user_id != me().id:
        log.note("somebody else's submission refused", me().id)
        abort(404)
    veil.draw(reader(), [submission], now())
    return submission


def _source(submission: Submission) -> str:
    """The handed-in Python source; empty for what is not shown."""
    if submission.state is State.RECEIVED or not submission.file_name.lower().endswith(".py"):
        return ""
    if submission.size > MAX_SHOWN:
        return ""
    try:
        return parts().store.get(submission.blob).decode("utf-8")
    except (StoreError, UnicodeDecodeError):
        return ""


def _difference(submission: Submission, source: str, earlier: list[Submission]) -> difference.Difference | None:
    """What changed in the source since the previous attempt; None: that cannot be told."""
    before = _source(earlier[0]) if earlier else ""
    return difference.difference(before, source) if before and source else None
