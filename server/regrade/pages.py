"""Pages of regrades: start one, watch it, look at the difference, publish it or give it up."""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from grader.errors import ExerciseError
from server import words
from server.access import Audience, open_to
from server.context import _, language, me, ngettext, now, parts, reader
from server.context import course as the_course
from server.course import results
from server.exercise.titles import title_of
from server.i18n import mark
from server.models import Assignment, Published, Regrade
from server.office.listing import cut_rows
from server.regrade import choice, difference, work
from server.regrade.choice import Which
from server.regrade.difference import Show

bp = Blueprint("regrades", __name__, url_prefix="/courses/<course>/regrades")

Page = str | Response | tuple[str, int]

#: regrades on one page of the list
LISTED = 25
MAX_REASON = 400
SOON = mark("Some submissions are still being graded. Wait until all are done.")


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> Page:
    """List the course's regrades, newest first, and final gradings that failed."""
    mine = select(Regrade, Assignment).join(Assignment, Assignment.id == Regrade.assignment_id)
    mine = mine.where(Assignment.course_id == the_course().id)
    newest = mine.order_by(Regrade.created_at.desc(), Regrade.id.desc())
    found = cut_rows(reader(), newest, request.args.get("page", 1, type=int), LISTED)
    titles = {assignment.slug: title_of(assignment.slug) for _regrade, assignment in found.entries}
    return render_template(
        "regrade/index.html",
        page=found,
        counts=difference.count_open(reader(), [regrade.id for regrade, _assignment in found.entries]),
        titles=titles,
        finals=[(*row, title_of(row[0].slug)) for row in work.failed_finals(reader(), the_course().id)],
    )


@bp.get("/new")
@open_to(Audience.TEACHER)
def new(course: str) -> Page:
    """Show the form that starts a regrade; ``assignment``, ``which`` and ``students`` may be given."""
    return _form(request.args.to_dict(), {})


def _form(values: dict[str, str], problems: dict[str, str]) -> str:
    slugs = parts().catalogue.slugs()
    offered = [each for each in _assignments() if each.slug in slugs]
    return render_template(
        "regrade/new.html",
        assignments=[(each.slug, title_of(each.slug)) for each in offered],
        choices=choice.TEXTS,
        values={"which": Which.COUNTING.value, **values},
        problems=problems,
        max_reason=MAX_REASON,
    )


def _assignments() -> list[Assignment]:
    mine = select(Assignment).where(Assignment.course_id == the_course().id)
    return list(reader().scalars(mine.order_by(Assignment.due_at.is_(None), Assignment.due_at, Assignment.slug)))


@bp.post("/new")
@open_to(Audience.TEACHER)
def start(course: str) -> Page:
    """Start a regrade."""
    typed, problems = request.form.to_dict(), {}
    which = next((each for each in Which if each == typed.get("which")), None)
    assignment = next((each for each in _assignments() if each.slug == typed.get("assignment")), None)
    version = _version(assignment.slug) if assignment else None
    reason = " ".join(typed.get("reason", "").split())
    if assignment is None or version is None:
        problems["assignment"] = _("Choose an assignment.")
    if which is None:
        problems["which"] = _("Choose which submissions are graded again.")
    if not 1 <= len(reason) <= MAX_REASON or not reason.isprintable():
        problems["reason"] = _("Write why, in at most %(n)s characters: students read it.") % {"n": MAX_REASON}
    users: set[int] = set()
    if which is Which.STUDENTS:
        users, problem = _students(typed.get("students", ""))
        problems |= {"students": problem} if problem else {}
    if problems or assignment is None or version is None or which is None:
        return _form(typed, problems), 400
    with parts().database.write() as session:
        row = session.get_one(Assignment, assignment.id)
        if running := work.find_open(session, row.id):
            flash(_("This assignment has a regrade that is not over yet. Publish it or give it up first."))
            return redirect(_address(running.id))
        chosen = choice.choose(session, row, which, version, users)
        made = work.start(session, row, which, chosen, reason, me().id, now()).id if chosen else None
    if made is None:
        return _form(typed, {"which": _("There is no such submission. Choose others.")}), 400
    parts().dispatcher.wake()
    return redirect(_address(made))


def _students(text: str) -> tuple[set[int], str]:
    """The accounts that were typed, or what is wrong with them."""
    known, unknown = choice.find_students(reader(), the_course().id, text)
    if unknown:
        names = ", ".join(unknown[:10])
        return set(), _("Nobody in this course has this user name or number: %(names)s") % {"names": names}
    return set(known.values()), "" if known else _("Write at least one user name or number.")


def _version(slug: str) -> str | None:
    """The exercise's version now; None: it is gone."""
    try:
        return parts().catalogue.find(slug).version
    except ExerciseError:
        return None


@bp.get("/<int(max=2147483647):regrade>")
@open_to(Audience.STAFF)
def show(course: str, regrade: int) -> Page:
    """Show how far a regrade is, and the difference that it makes."""
    row, assignment = _find(regrade)
    counts = difference.count(reader(), regrade)
    chosen = next((each for each in Show if each == request.args.get("show")), _first(counts))
    numbers = _numbers(counts)
    pages = max(1, math.ceil(numbers[chosen] / difference.PAGE_SIZE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    return render_template(
        "regrade/show.html",
        regrade=row,
        assignment=assignment,
        title=title_of(assignment.slug),
        counts=counts,
        numbers=numbers,
        chosen=chosen,
        rows=difference.rows(reader(), regrade, chosen, page),
        tests=difference.by_test(reader(), regrade) if counts.gain or counts.lose else [],
        sample=difference.SAMPLE,
        versions=difference.versions(reader(), regrade),
        worth=_worth(assignment),
        page=page,
        pages=pages,
        Published=Published,
        owners=OWNERS,
        signs=words.SIGNS,
        has_reviews="reviews.show" in current_app.view_functions,
    )


OWNERS = {"exercise": mark("the exercise"), "infrastructure": mark("the portal"), "student": mark("the student")}


def _first(counts: difference.Counts) -> Show:
    """What is worth looking at first."""
    if counts.gain or counts.lose:
        return Show.CHANGED
    return Show.FAILED if counts.failed else Show.SAME


def _numbers(counts: difference.Counts) -> dict[Show, int]:
    """How many submissions each list has."""
    return {
        Show.CHANGED: counts.gain + counts.lose,
        Show.GAIN: counts.gain,
        Show.LOSE: counts.lose,
        Show.SAME: counts.same,
        Show.FAILED: counts.failed,
    }


def _worth(assignment: Assignment) -> float | None:
    return results.points_of(reader(), [assignment]).get(assignment.id)


@bp.post("/<int(max=2147483647):regrade>/retry")
@open_to(Audience.TEACHER)
def retry(course: str, regrade: int) -> Page:
    """Grade once more what did not go through."""
    _row, assignment = _find(regrade)
    with parts().database.write() as session:
        count = work.retry(session, session.get_one(Regrade, regrade), assignment, me().id, now())
    return _retried(count, _address(regrade))


@bp.post("/finals/<int(max=2147483647):assignment>/retry")
@open_to(Audience.TEACHER)
def retry_finals(course: str, assignment: int) -> Page:
    """Run the hidden tests once more where that did not go through."""
    found = reader().get(Assignment, assignment)
    if found is None or found.course_id != the_course().id:
        abort(404)
    with parts().database.write() as session:
        count = work.retry_finals(session, found, me().id, now())
    return _retried(count, url_for("regrades.index", course=the_course().code))


def _retried(count: int, address: str) -> Response:
    parts().dispatcher.wake()
    numbers = {"n": count}
    flash(ngettext("%(n)s grading is tried again.", "%(n)s gradings are tried again.", count) % numbers)
    return redirect(address)


@bp.get("/<int(max=2147483647):regrade>/<any(all, improved, cancel):what>")
@open_to(Audience.TEACHER)
def confirm(course: str, regrade: int, what: str) -> Page:
    """Say what publishing, or giving up, would change, and ask whether that is meant."""
    row, assignment = _find(regrade)
    if row.published_at or row.cancelled_at:
        return redirect(_address(regrade))
    counts = difference.count(reader(), regrade)
    if what != "cancel" and (counts.open or not counts.graded):
        flash(_(SOON) if counts.open else _("No submission could be graded, so there is nothing to publish."))
        return redirect(_address(regrade))
    return render_template(
        "regrade/confirm.html",
        regrade=row,
        title=title_of(assignment.slug),
        counts=counts,
        what=what,
    )


@bp.post("/<int(max=2147483647):regrade>/<any(all, improved, cancel):what>")
@open_to(Audience.TEACHER)
def finish(course: str, regrade: int, what: str) -> Page:
    """Publish a regrade, or give it up. Whoever presses twice does it once."""
    _row, assignment = _find(regrade)
    try:
        with parts().database.write() as session:
            message = _finish(session.get_one(Regrade, regrade), assignment, what, session)
    except work.Refused:
        message = _(SOON)
    flash(message)
    return redirect(_address(regrade))


def _finish(regrade: Regrade, assignment: Assignment, what: str, session: Any) -> str:
    over = _("This regrade is over already. Nothing was changed.")
    if what == "cancel":
        is_done = work.cancel(session, regrade, assignment, me().id, now())
        return _("The regrade is given up. Nothing has changed for students.") if is_done else over
    count = work.publish(session, regrade, assignment, Published(what), me().id, now())
    if count is None:
        return over
    numbers = {"n": language().number(count)}
    return ngettext("Published: %(n)s result is replaced.", "Published: %(n)s results are replaced.", count) % numbers


def _find(regrade: int) -> tuple[Regrade, Assignment]:
    """A regrade of the path's course; others are not there."""
    wanted = select(Regrade, Assignment).join(Assignment, Assignment.id == Regrade.assignment_id)
    found = reader().execute(wanted.where(Regrade.id == regrade, Assignment.course_id == the_course().id)).one_or_none()
    if found is None:
        abort(404)
    return found[0], found[1]


def _address(regrade: int) -> str:
    return url_for("regrades.show", course=the_course().code, regrade=regrade)
