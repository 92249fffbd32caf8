"""Pages of nbgrader's exchange for staff of a course: what is released, what was handed in, the feedback."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.account.entry import link_to
from server.context import _, me, now, parts, reader, role
from server.context import course as here
from server.course.membership import is_at_least
from server.course.place import local
from server.exchange import listing, releases, submissions
from server.exchange.refusal import NOT_RELEASED, Refused
from server.exchange.sending import send_zip
from server.exchange.submissions import Filter
from server.models import ExchangeAssignment, ExchangeFeedback, ExchangeRelease, ExchangeSubmission, Role

bp = Blueprint("exchange", __name__, url_prefix="/courses/<course>/nbgrader")

Page = str | Response | tuple[str, int]


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> str:
    """Show what was released with nbgrader; where nothing was, how to begin."""
    return render_template(
        "exchange/index.html",
        language=local(),
        page=listing.read_assignments(reader(), here().id, request.args.get("page", 1, type=int)),
        address=link_to("catalogue.index").rstrip("/"),
        may_change=_may_change(),
    )


@bp.get("/assignments/<assignment>")
@open_to(Audience.STAFF)
def show(course: str, assignment: str) -> str:
    """Show an assignment's versions and what was handed in for it."""
    found, choice = _find_assignment(assignment), listing.read_choice(request.args)
    page = listing.read_submissions(reader(), found, choice, request.args.get("page", 1, type=int))
    return render_template(
        "exchange/show.html",
        language=local(),
        assignment=found,
        releases=listing.read_releases(reader(), found),
        page=page,
        last=listing.find_last(reader(), found, [each.id for each, _feedback in page.entries]),
        choice=choice,
        may_change=_may_change(),
    )


def _may_change() -> bool:
    return is_at_least(role(), Role.INSTRUCTOR) and not here().archived_at


def _find_assignment(name: str) -> ExchangeAssignment:
    """An assignment of the course of the path; any other is not there."""
    its = (ExchangeAssignment.course_id == here().id) & (ExchangeAssignment.name == name)
    return reader().scalar(select(ExchangeAssignment).where(its)) or abort(404)


@bp.get("/assignments/<assignment>/<int(max=2147483647):version>.zip")
@open_to(Audience.STAFF)
def release(course: str, assignment: str, version: int) -> Response:
    """Send a version of an assignment."""
    its = (ExchangeRelease.assignment_id == _find_assignment(assignment).id) & (ExchangeRelease.version == version)
    found = reader().scalar(select(ExchangeRelease).where(its)) or abort(404)
    return send_zip(found.blob, f"{assignment}-{version}")


@bp.route("/assignments/<assignment>/withdraw", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def withdraw(course: str, assignment: str) -> Page:
    """Ask, then let nobody fetch an assignment any more."""
    found = _find_assignment(assignment)
    if request.method == "GET":
        current = releases.find_current(reader(), here().id, assignment)
        return _ask_to_withdraw(found, current) if current else _is_withdrawn(found)
    with parts().database.write() as writer:
        current = releases.find_current(writer, here().id, assignment)
        if current is None:
            return _is_withdrawn(found)
        if request.form.get("version") != str(current.version):
            return _ask_to_withdraw(found, current, _("Another version was released meanwhile. Look at it first.")), 409
        try:
            releases.withdraw(writer, current, me().id, now())
        except Refused as refused:
            return _ask_to_withdraw(found, current, _(refused.text)), 409
    flash(_("%(name)s is withdrawn: nobody fetches it any more.") % {"name": assignment})
    return redirect(_address(found))


def _ask_to_withdraw(found: ExchangeAssignment, current: ExchangeRelease, problem: str = "") -> str:
    return render_template(
        "exchange/withdraw.html", language=local(), assignment=found, current=current, problem=problem
    )


def _is_withdrawn(found: ExchangeAssignment) -> Response:
    flash(_(NOT_RELEASED) % {"name": found.name})
    return redirect(_address(found))


def _address(found: ExchangeAssignment) -> str:
    return url_for("exchange.show", course=here().code, assignment=found.name)


@bp.get("/submissions/<id>/file")
@open_to(Audience.STAFF)
def file(course: str, id: str) -> Response:
    """Send what was handed in."""
    found = _find(reader(), id)
    return send_zip(found.blob, f"{found.assignment.name}-{found.user.login}")


@bp.get("/submissions/<id>/feedback")
@open_to(Audience.STAFF)
def feedback(course: str, id: str) -> Response:
    """Send the feedback on a submission."""
    submission = _find(reader(), id)
    found = reader().get(ExchangeFeedback, submission.id) or abort(404)
    return send_zip(found.blob, f"{submission.assignment.name}-{submission.user.login}-feedback")


@bp.route("/submissions/<id>/remove", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def remove(course: str, id: str) -> Page:
    """Ask, then take a submission out of what is collected."""
    found = _find(reader(), id)
    if request.method == "GET":
        return _ask_to_remove(found) if not found.removed_at else _is_removed(found)
    with parts().database.write() as writer:
        target = _find(writer, id)
        if target.removed_at:
            return _is_removed(found)
        try:
            submissions.remove(writer, target, me().id, now())
        except Refused as refused:
            return _ask_to_remove(found, _(refused.text)), 409
    return _is_removed(found)


def _ask_to_remove(found: ExchangeSubmission, problem: str = "") -> str:
    is_last = bool(listing.find_last(reader(), found.assignment, [found.id]))
    return render_template("exchange/remove.html", language=local(), submission=found, is_last=is_last, problem=problem)


def _is_removed(found: ExchangeSubmission) -> Response:
    flash(_("The submission of %(name)s is no longer collected.") % {"name": found.user.name})
    return redirect(_address(found.assignment))


def _find(session: Session, id: str) -> ExchangeSubmission:
    """A submission of the course of the path, also one that was taken out; any other is not there."""
    return submissions.find(session, id, Filter(course_id=here().id, with_removed=True)) or abort(404)
