"""Pages of a course's invitations: links by which people join it by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.account import invitations
from server.account.entry import link_to
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.course.members import ROLES
from server.course.naming import read_number
from server.i18n import mark
from server.models import Invitation, Role
from server.office import log, words
from server.office.log import Action

bp = Blueprint("invitations", __name__, url_prefix="/invitations")

Page = str | Response | tuple[str, int]

MAX_DAYS, MAX_USES = 365, 5_000
#: a link that gets into the wrong hands must not make any number of assistants
MAX_STAFF_USES = 20

DAYS_PROBLEM = mark("Write a whole number from 1 to 365.")
USES_PROBLEM = mark("Write a whole number from 1 to 5000, or leave the field empty for any number.")
STAFF_USES_PROBLEM = mark("For assistants and instructors, write a whole number from 1 to 20.")
NOTE_PROBLEM = mark("Write at most 120 characters.")
ARCHIVED = mark("No link works while the course is archived.")


@dataclass(frozen=True)
class Form:
    """What was typed about a new invitation."""

    role: Role = Role.STUDENT
    uses: str = ""
    days: str = "14"
    note: str = ""


@bp.get("")
@open_to(Audience.TEACHER)
def show(course: str) -> str:
    """Show the invitations of the course, and the form for a new one."""
    return _show(Form(), {})


def _show(form: Form, problems: dict[str, str]) -> str:
    mine = select(Invitation).where(Invitation.course_id == here().id).order_by(Invitation.id.desc())
    return render_template(
        "course/invitations.html",
        invitations=reader().scalars(mine).all(),
        check=lambda each: invitations.check_invitation(each, now()),
        values=form,
        problems=problems,
        roles={each: words.ROLES[each] for each in ROLES},
        archived=ARCHIVED,
    )


@bp.post("")
@open_to(Audience.TEACHER)
def make(course: str) -> Page:
    """Make an invitation and show its link, this once."""
    if here().archived_at:
        return _show(Form(), {}), 409
    chosen, typed = request.form.get("role", ""), request.form
    if chosen not in list(ROLES):
        abort(400)
    note = " ".join(typed.get("note", "").split())
    form = Form(Role(chosen), typed.get("uses", "").strip(), typed.get("days", "").strip(), note)
    if problems := _check(form):
        return _show(form, problems), 400
    uses, days = int(form.uses) if form.uses else None, int(form.days)
    with parts().database.write() as writer:
        token = invitations.make_invitation(writer, form.role, days, now(), uses=uses, note=note, course_id=here().id)
        log.write(
            writer, Action.INVITATION_MADE, me().id, now(), course_id=here().id, subject=note,
            role=form.role.value, uses=uses, days=days,
        )  # fmt: skip
    link = link_to("account.accept", token=token)
    return render_template("course/invitation_made.html", link=link, form=form, roles=words.ROLES)


def _check(form: Form) -> dict[str, str]:
    problems = {}
    is_staff = form.role is not Role.STUDENT
    uses = read_number(form.uses, MAX_STAFF_USES if is_staff else MAX_USES, 1)
    if uses is None and (form.uses or is_staff):
        problems["uses"] = STAFF_USES_PROBLEM if is_staff else USES_PROBLEM
    if read_number(form.days, MAX_DAYS, 1) is None:
        problems["days"] = DAYS_PROBLEM
    if len(form.note) > invitations.MAX_NOTE or not form.note.isprintable():
        problems["note"] = NOTE_PROBLEM
    return problems


@bp.post("/<int(max=2147483647):id>/revoke")
@open_to(Audience.TEACHER)
def revoke(course: str, id: int) -> Response:
    """End an invitation; who has joined by it stays."""
    with parts().database.write() as writer:
        found = writer.get(Invitation, id)
        if found is None or found.course_id != here().id:
            abort(404)
        writer.delete(found)
        log.write(writer, Action.INVITATION_REVOKED, me().id, now(), course_id=here().id, subject=found.note)
    flash(_("The invitation no longer works."))
    return redirect(url_for("people.invitations.show", course=course))
