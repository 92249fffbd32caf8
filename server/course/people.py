"""Pages of those who take part in a course: the list, one person, removal."""

from __future__ import annotations

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from server.access import Audience, open_to
from server.account import identity
from server.context import _, language, me, now, parts, reader, role
from server.context import course as here
from server.course import import_pages, invitation_pages, link_pages, members, welcome
from server.course.clash import VERSION, Clash, Thing, find_clash
from server.course.enrolment import Fate
from server.course.joining import carry_out, plan_import
from server.course.members import ROLES, Filter, Part
from server.course.membership import is_at_least
from server.course.naming import LATE_DAYS_PROBLEM, MAX_LATE_DAYS, read_number
from server.course.roster import Note, check
from server.i18n import mark
from server.models import Membership, Role, User
from server.office import words
from server.office.listing import cut
from server.office.log import Action

bp = Blueprint("people", __name__, url_prefix="/courses/<course>/people")
for _part in (import_pages, link_pages, invitation_pages):
    bp.register_blueprint(_part.bp)

Page = str | BaseResponse | tuple[str, int]

HEADINGS = (
    mark("Name"), mark("E-mail"), mark("User name"), mark("Number"), mark("Section"), mark("Role"), mark("Late days"),
)  # fmt: skip


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> str:
    """Show who takes part, by name; ``?q=``, ``?role=`` and ``?section=`` leave out who does not fit."""
    wanted = _read_filter()
    page = cut(reader(), members.find(here().id, wanted), request.args.get("page", 1, type=int))
    counts = members.count_roles(reader(), here().id)
    shown = {each.user_id for each in page.entries}
    unopened = members.unopened(here().id).where(User.id.in_(shown))
    return render_template(
        "course/people.html",
        page=page,
        wanted=wanted,
        roles={each: words.ROLES[each] for each in ROLES},
        sections=members.sections(reader(), here().id),
        counts=counts,
        total=sum(counts.values()),
        unopened={each.id for each in reader().scalars(unopened)},
        may_change=is_at_least(role(), Role.INSTRUCTOR),
    )


def _read_filter() -> Filter:
    chosen = request.args.get("role", "")
    if chosen and chosen not in list(ROLES):
        abort(400)
    section = request.args.get("section", "")
    return Filter(request.args.get("q", "")[: members.MAX_QUERY], Role(chosen) if chosen else None, section or None)


@bp.get("/export.csv")
@open_to(Audience.STAFF)
def export(course: str) -> Response:
    """Send the list as CSV, in a way that an import reads again; filters hold here, too."""
    return send_members(_read_filter())


def send_members(wanted: Filter) -> Response:
    """Send those whom a filter leaves as CSV."""
    found = reader().scalars(members.find(here().id, wanted))
    rows = [
        (
            each.user.name, each.user.email or "", each.user.login, each.number, each.section,
            _(words.ROLES[each.role]), "" if each.late_days is None else str(each.late_days),
        )
        for each in found
    ]  # fmt: skip
    # Where the comma is for decimals, spreadsheets separate by semicolons.
    separator = ";" if language().tag == "pt-BR" else ","
    table = welcome.write_csv([_(heading) for heading in HEADINGS], rows, separator)
    return link_pages.send_csv(table, "people")


@bp.route("/add", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def add(course: str) -> Page:
    """Put one person into the course; who has no account gets one, and a link to choose a password."""
    if request.method == "GET":
        return _show_add({}, {})
    fields = ("name", "email", "login", "number", "section", "role")
    typed = {name: identity.clean_name(request.form.get(name, "")) for name in fields}
    if typed["role"] not in list(ROLES):
        abort(400)
    row = check(0, **{**typed, "role": ""})
    with parts().database.write() as writer:
        planned = plan_import(writer, here().id, [row], Role(typed["role"]))
        step = planned.steps[0]
        if step.problem or step.fate not in (Fate.NEW, Fate.JOINS):
            problem = step.problem or Note(TAKES_PART, {"name": step.account.name if step.account else ""})
            return _show_add(typed, {"person": problem}), 400
        made = carry_out(writer, here(), planned, me().id, now())
        links = link_pages.make(writer, made)
    if links:
        return link_pages.deliver(links)
    name = step.account.name if step.account else row.name
    flash(_("%(name)s takes part now.") % {"name": name})
    return redirect(url_for("people.index", course=course))


TAKES_PART = mark("%(name)s takes part already. Change the role and the rest in the list of people.")


def _show_add(typed: dict[str, str], problems: dict[str, Note]) -> str:
    return render_template("course/people_add.html", values=typed, problems=problems, roles=_role_names())


def _role_names() -> dict[Role, str]:
    return {each: words.ROLES[each] for each in ROLES}


@bp.route("/<int(max=2147483647):member>", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def change(course: str, member: int) -> Page:
    """Change what somebody is in the course."""
    found = find(reader(), member)
    if request.method == "GET":
        return _show_change(found, Part.of(found), "" if found.late_days is None else str(found.late_days), {})
    wanted, late_days = _read_part()
    is_late_days_wrong = bool(late_days) and wanted.late_days is None
    with parts().database.write() as writer:
        target = find(writer, member)
        problems = members.check(writer, target, wanted)
        if is_late_days_wrong:
            problems["late_days"] = Note(LATE_DAYS_PROBLEM)
        clash = _clash(writer, target, wanted)
        if problems:
            return _show_change(found, wanted, late_days, problems, clash), 400
        if clash is not None:
            return _show_change(found, wanted, late_days, {}, clash), 409
        members.change(writer, target, wanted, me().id, now())
    flash(_("Saved."))
    is_out = found.user_id == me().id and wanted.role is not Role.INSTRUCTOR
    return redirect(url_for("courses.show" if is_out else "people.index", course=course))


def _clash(session: Session, target: Membership, wanted: Part) -> Clash | None:
    """Whether somebody has changed a member since the form was made."""
    there = Part.of(target)
    shown = {
        "role": _(words.ROLES[there.role]), "number": there.number, "section": there.section,
        "late_days": "" if there.late_days is None else str(there.late_days),
    }  # fmt: skip
    saved = {name: text for name, text in shown.items() if getattr(there, name) != getattr(wanted, name)}
    thing = Thing(Action.MEMBER_CHANGED, here().id, target.user.login, there.version, target.user_id)
    return find_clash(session, thing, request.form.get(VERSION, ""), wanted.version, saved)


def _read_part() -> tuple[Part, str]:
    chosen, late_days = request.form.get("role", ""), request.form.get("late_days", "").strip()
    if chosen not in list(ROLES):
        abort(400)
    number, section = (identity.clean_name(request.form.get(name, "")) for name in ("number", "section"))
    return Part(Role(chosen), number, section, read_number(late_days, MAX_LATE_DAYS)), late_days


def _show_change(
    found: Membership, values: Part, late_days: str, problems: dict[str, Note], clash: Clash | None = None
) -> str:
    is_unopened = reader().scalars(members.unopened(here().id).where(User.id == found.user_id)).first()
    return render_template(
        "course/person.html",
        member=found,
        values=values,
        late_days=late_days,
        problems=problems,
        roles=_role_names(),
        is_unopened=is_unopened is not None,
        version=clash.version if clash else request.form.get(VERSION) or Part.of(found).version,
        clash=clash,
    )


@bp.route("/<int(max=2147483647):member>/remove", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def remove(course: str, member: int) -> Page:
    """Ask, then take somebody out of the course; what they handed in stays."""
    found = find(reader(), member)
    if request.method == "GET":
        return _show_remove(found, members.is_last_teacher(reader(), found))
    with parts().database.write() as writer:
        target = find(writer, member)
        if members.is_last_teacher(writer, target):
            return _show_remove(found, True), 400
        members.remove(writer, target, me().id, now())
    flash(_("%(name)s no longer takes part.") % {"name": found.user.name})
    is_out = found.user_id == me().id and me().role is not Role.ADMINISTRATOR
    return redirect(url_for("courses.index") if is_out else url_for("people.index", course=course))


def _show_remove(found: Membership, is_last: bool) -> str:
    count = members.count_submissions(reader(), found)
    return render_template("course/person_remove.html", member=found, is_last=is_last, submissions=count)


def find(session: Session, id: int) -> Membership:
    """Somebody's part in the course of the path; any other is not there."""
    found = session.get(Membership, id)
    if found is None or found.course_id != here().id:
        abort(404)
    return found
