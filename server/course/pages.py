"""Pages of courses themselves: the list, a new one, the overview, settings. The copy for the next term lies beside."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.account.identity import clean_name
from server.context import _, language, me, now, parts, reader, role
from server.context import course as here
from server.course import copy_pages, deadline, making, naming, overview
from server.course.clash import VERSION, Clash, Thing, find_clash
from server.course.invited import find_part
from server.course.membership import is_at_least, memberships_of
from server.course.naming import Form
from server.exchange import listing, releases
from server.exercise.titles import titles_of
from server.i18n import Translator
from server.models import Course, Role
from server.office import words
from server.office.listing import cut
from server.office.log import Action

bp = Blueprint("courses", __name__, url_prefix="/courses")
bp.register_blueprint(copy_pages.bp)

Page = str | Response | tuple[str, int]

#: of what somebody handed in with nbgrader, on the course's first page
NEWEST = 5


@bp.get("")
@open_to(Audience.STUDENT)
def index() -> str:
    """Show the courses in which the reader takes part; to administrators, the others as well."""
    mine = [
        each for each in memberships_of(reader(), me()) if each.role is not Role.STUDENT or not each.course.archived_at
    ]
    others = None
    if me().role is Role.ADMINISTRATOR:
        query = select(Course).where(Course.id.not_in([each.course_id for each in mine]))
        query = query.order_by(Course.archived_at.is_not(None), Course.created_at.desc(), Course.id.desc())
        others = cut(reader(), query, request.args.get("page", 1, type=int))
    return render_template(
        "course/index.html",
        memberships=mine,
        others=others,
        roles=words.ROLES,
        may_make=is_at_least(me().role, Role.INSTRUCTOR),
    )


@bp.route("/new", methods=["GET", "POST"])
@open_to(Audience.CREATOR)
def new() -> Page:
    """Make a course; whoever makes it is its instructor."""
    if request.method == "GET":
        return show_form("course/new.html", Form(), {})
    form = read_form()
    problems = naming.check(form)
    if problems:
        return show_form("course/new.html", form, problems), 400
    try:
        with parts().database.write() as writer:
            code = making.choose_code(writer, form)
            if not code:
                return show_form("course/new.html", form, {"code": naming.CODE_TAKEN}), 400
            making.make(writer, form, code, me().id, now())
    except IntegrityError:  # another one was quicker, on a database where both look first
        return show_form("course/new.html", form, {"code": naming.CODE_TAKEN}), 400
    flash(_("The course is there. These are the next steps."))
    return redirect(url_for("courses.show", course=code))


def read_form() -> Form:
    """What was typed about a course."""
    fields = ("title", "term", "code", "time_zone", "late_days")
    typed = {name: clean_name(request.form.get(name, "")) for name in fields}
    return Form(**{**typed, "code": typed["code"].lower(), "late_days": typed["late_days"] or "0"})


def show_form(template: str, form: Form, problems: dict[str, str], **more: Any) -> str:
    """A page with the form of a course."""
    zones = {"zones": naming.time_zones(), "portal_zone": parts().settings.time_zone}
    return render_template(template, values=form, problems=problems, **zones, **more)


@bp.get("/<course>")
@open_to(Audience.MEMBER)
def show(course: str) -> str:
    """Show a course: to students what they have to do, to staff how it is doing."""
    zone = here().time_zone or parts().settings.time_zone
    common = {
        "local": Translator(language().tag, zone),
        "deadlines": deadline,
        "now": now(),
    }
    if role() is Role.STUDENT:
        member = find_part(reader(), here(), me())
        assert member is not None, "students of a course take part in it"
        own = overview.read_own(reader(), here(), member, now())
        return render_template(
            "course/own.html",
            own=own,
            titles=titles_of(line.assignment.slug for line in own.lines),
            stages=overview.STAGES,
            released=releases.list_current(reader(), here().id),
            handed_in=listing.read_own(reader(), me().id, 1, NEWEST, here().id),
            **common,
        )
    whole = overview.read_whole(reader(), here(), now())
    titles = titles_of(each.assignment.slug for each in whole.upcoming)
    may_change = is_at_least(role(), Role.INSTRUCTOR)
    return render_template("course/show.html", whole=whole, titles=titles, may_change=may_change, **common)


@bp.route("/<course>/settings", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def settings(course: str) -> Page:
    """Change title, term, time zone and late days."""
    if request.method == "GET":
        return _show_settings(making.show(here()), {})
    form = read_form()
    problems = naming.check(form)
    problems.pop("code", None)
    if problems:
        return _show_settings(form, problems, _clash(reader(), here(), form, is_right=False)), 400
    with parts().database.write() as writer:
        target = writer.get_one(Course, here().id)
        found = _clash(writer, target, form)
        if found is None:
            making.change(writer, target, form, me().id, now())
    if found is not None:
        return _show_settings(form, {}, found), 409
    flash(_("Saved."))
    return redirect(url_for("courses.settings", course=course))


def _clash(session: Session, target: Course, form: Form, *, is_right: bool = True) -> Clash | None:
    """Whether somebody has changed a course since the form was made from it."""
    there = making.show(target)
    fields = ("title", "term", "time_zone", "late_days")
    saved = {name: getattr(there, name) for name in fields if getattr(there, name) != getattr(form, name)}
    thing = Thing(Action.COURSE_CHANGED, target.id, target.code, making.version(there))
    typed = making.version(form) if is_right else None
    return find_clash(session, thing, request.form.get(VERSION, ""), typed, saved)


def _show_settings(form: Form, problems: dict[str, str], clash: Clash | None = None) -> str:
    version = clash.version if clash else request.form.get(VERSION) or making.version(making.show(here()))
    return show_form("course/settings.html", form, problems, clash=clash, version=version)


@bp.post("/<course>/archive")
@open_to(Audience.TEACHER)
def archive(course: str) -> Response:
    """Archive the course (``archive=yes``), or take it up again."""
    is_over = request.form.get("archive") == "yes"
    with parts().database.write() as writer:
        making.archive(writer, writer.get_one(Course, here().id), is_over, me().id, now())
    flash(_("The course is archived.") if is_over else _("The course is on again."))
    return redirect(url_for("courses.settings", course=course))


@bp.get("/<course>/archive")
@open_to(Audience.TEACHER)
def return_to(course: str) -> Response:
    """Back to the settings from the address of their form."""
    return redirect(url_for("courses.settings", course=course))
