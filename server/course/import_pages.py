"""Pages that import a roster: choose a file, see what will happen, then let it happen."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.context import _, me, ngettext, now, parts, reader
from server.context import course as here
from server.course import link_pages, roster
from server.course.enrolment import FATES, Fate, Plan
from server.course.joining import carry_out, plan_import
from server.course.members import ROLES
from server.course.roster import Note, Wrong
from server.i18n import mark
from server.models import Role
from server.office import log, words
from server.office.log import Action

bp = Blueprint("imports", __name__, url_prefix="/import")

Page = str | Response | tuple[str, int]

NOTHING = mark("Choose a file or paste a table first.")
TWO_THINGS = mark("There is both a file and a pasted table. Send one of the two.")
CHANGED_MEANWHILE = mark("Somebody else changed the course at the same moment. Look at the rows again.")


@bp.get("")
@open_to(Audience.TEACHER)
def show(course: str) -> str:
    """The form that takes a file or a pasted table."""
    return _show_form()


def _show_form(problem: Note | None = None, text: str = "", role: Role = Role.STUDENT) -> str:
    limits = {"max_rows": roster.MAX_ROWS, "max_size": roster.MAX_BYTES}
    names = {each: words.ROLES[each] for each in ROLES}
    return render_template("course/import.html", problem=problem, text=text, chosen=role, roles=names, **limits)


@bp.post("")
@open_to(Audience.TEACHER)
def preview(course: str) -> Page:
    """Show row by row what an import would do. Nothing is changed."""
    role, typed = _read_role(), request.form.get("text", "")
    upload = request.files.get("file")
    content = upload.stream.read(roster.MAX_BYTES + 1) if upload else b""
    try:
        if bool(content) == bool(typed.strip()):
            raise Wrong(TWO_THINGS if content else NOTHING)
        text = roster.decode(content) if content else typed
        planned = plan_import(reader(), here().id, roster.read_rows(text), role)
    except Wrong as wrong:
        return _show_form(wrong.note, typed, role), 400
    return _show_preview(planned, text, role)


def _show_preview(planned: Plan, text: str, role: Role, problem: str = "") -> str:
    absent = sorted(planned.absent, key=lambda each: each.account.name.casefold())
    return render_template(
        "course/import_preview.html",
        plan=planned,
        absent=absent,
        text=text,
        default=role,
        fates=FATES,
        counts={fate: planned.count(fate) for fate in Fate},
        roles=words.ROLES,
        problem=problem,
    )


@bp.post("/confirm")
@open_to(Audience.TEACHER)
def confirm(course: str) -> Page:
    """Import the good rows. What the page carried is read and checked anew: others may have been quicker."""
    role, text = _read_role(), request.form.get("text", "")
    try:
        rows = roster.read_rows(text)
    except Wrong as wrong:
        return _show_form(wrong.note, text, role), 400
    try:
        with parts().database.write() as writer:
            planned = plan_import(writer, here().id, rows, role)
            if planned.does_something:
                made = carry_out(writer, here(), planned, me().id, now())
                links = link_pages.make(writer, made)
                counts = {fate.value: planned.count(fate) for fate in Fate}
                log.write(writer, Action.ROSTER_IMPORTED, me().id, now(), course_id=here().id, counts=counts)
            else:
                links = link_pages.Links([], [])
    except IntegrityError:  # on a database where both look first
        planned = plan_import(reader(), here().id, rows, role)
        return _show_preview(planned, text, role, problem=CHANGED_MEANWHILE), 409
    _tell(planned)
    return link_pages.deliver(links)


def _tell(planned: Plan) -> None:
    """Say what happened, in one sentence for each kind."""
    new, joins = planned.count(Fate.NEW), planned.count(Fate.JOINS)
    changed, wrong = planned.count(Fate.CHANGED), planned.count(Fate.WRONG)
    if new + joins:
        added = ngettext("%(n)s person was added.", "%(n)s people were added.", new + joins)
        flash(added % {"n": new + joins})
    if changed:
        flash(ngettext("%(n)s person was changed.", "%(n)s people were changed.", changed) % {"n": changed})
    if wrong:
        flash(ngettext("%(n)s row was not imported.", "%(n)s rows were not imported.", wrong) % {"n": wrong})
    if not planned.does_something:
        flash(_("Nothing was changed."))


@bp.get("/confirm")
@open_to(Audience.TEACHER)
def return_to(course: str) -> Response:
    """Back to the form from the address of the last step, where a change of language leads."""
    return redirect(url_for("people.imports.show", course=course))


def _read_role() -> Role:
    chosen = request.form.get("role", Role.STUDENT)
    if chosen not in list(ROLES):
        abort(400)
    return Role(chosen)
