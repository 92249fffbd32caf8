"""Pages of extensions: those of an assignment, one of them, and all assignments for one student."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.context import _, language, me, ngettext, now, parts, reader
from server.context import course as here
from server.course import deadline, extension, moment, terms
from server.course.clash import VERSION, Clash, Thing, find_clash
from server.course.extension import DATES, Grant
from server.course.gradebook import list_assignments
from server.course.place import assignment_here, local, zone_of
from server.course.results import settle
from server.exercise.titles import title_of
from server.models import Assignment, Extension, Membership, User
from server.office.listing import cut_rows
from server.office.log import Action

#: within the pages of assignments
bp = Blueprint("extensions", __name__)

MAX_DAYS = 366

Page = str | Response | tuple[str, int]


@bp.get("/<slug>/extensions")
@open_to(Audience.STAFF)
def index(course: str, slug: str) -> Page:
    """Show who has an extension, with the form that gives one."""
    return _list(assignment_here(slug), {}, {})


@bp.post("/<slug>/extensions")
@open_to(Audience.STAFF)
def add(course: str, slug: str) -> Page:
    """Give one or several students an extension. What they have already stays where it is more."""
    assignment = assignment_here(slug)
    members, problem = _read_students(request.form.get("students", ""))
    grant, problems = extension.read(request.form, assignment, zone_of(here()), language(), now())
    if problem:
        problems["students"] = problem
    if problems:
        return _list(assignment, request.form, problems), 400
    with parts().database.write() as session:
        row = _row(session, assignment)
        users = [each.user_id for each in members]
        had = extension.of_assignment(session, row.id, users)
        extension.give_more(session, row, grant, users, had, me().id, now())
        settle(session, here().id, now(), users)
    text = ngettext("%(n)s student has an extension now.", "%(n)s students have an extension now.", len(members))
    flash(text % {"n": language().number(len(members))})
    return redirect(url_for("assignments.extensions.index", course=course, slug=slug))


@bp.get("/<slug>/extensions/<login>")
@open_to(Audience.STAFF)
def edit(course: str, slug: str, login: str) -> Page:
    """Show one extension, to be changed or taken away."""
    assignment = assignment_here(slug)
    found = _extension(reader(), assignment, login)
    return _form(assignment, found, extension.show(extension.grant_of(found), zone_of(here())), {})


@bp.post("/<slug>/extensions/<login>")
@open_to(Audience.STAFF)
def change(course: str, slug: str, login: str) -> Page:
    """Give a student another extension in the place of this one."""
    assignment = assignment_here(slug)
    found = _extension(reader(), assignment, login)
    kept = extension.grant_of(found)
    grant, problems = extension.read(request.form, assignment, zone_of(here()), language(), now(), kept)
    if problems:
        return _form(assignment, found, request.form, problems), 400
    with parts().database.write() as session:
        row = _row(session, assignment)
        written = _extension(session, row, login)
        clash = _clash(session, written, row, grant)
        if clash is None:
            extension.give(session, row, {written.user_id: grant}, {written.user_id: written}, me().id, now())
            settle(session, here().id, now(), [written.user_id])
    if clash is not None:
        return _form(assignment, written, request.form, {}, clash), 409
    flash(_("The extension is changed."))
    return redirect(url_for("assignments.extensions.index", course=course, slug=slug))


def _clash(session: Session, there: Extension, assignment: Assignment, typed: Grant) -> Clash | None:
    """Whether somebody has changed an extension since the form was made from it."""
    kept = extension.grant_of(there)
    shown = extension.show(kept, zone_of(here()))
    shown |= {name: deadline.clock(when, local()) for name in DATES if (when := getattr(kept, name))}
    saved = {name: text for name, text in shown.items() if getattr(kept, name) != getattr(typed, name)}
    version = extension.version(kept)
    thing = Thing(Action.EXTENSION_SET, here().id, assignment.slug, version, there.user_id)
    return find_clash(session, thing, request.form.get(VERSION, ""), extension.version(typed), saved)


@bp.post("/<slug>/extensions/<login>/remove")
@open_to(Audience.STAFF)
def remove(course: str, slug: str, login: str) -> Page:
    """Let a student have everybody's terms again."""
    assignment = assignment_here(slug)
    with parts().database.write() as session:
        row = _row(session, assignment)
        written = _extension(session, row, login)
        extension.take_away(session, row, written, me().id, now())
        settle(session, here().id, now(), [written.user_id])
    flash(_("The extension is taken away."))
    return redirect(url_for("assignments.extensions.index", course=course, slug=slug))


@bp.get("/one-student")
@open_to(Audience.STAFF)
def show_student(course: str) -> Page:
    """Show the dates of one student, with the form that moves all of them."""
    typed = request.args.get("student", "").strip()
    if not typed:
        return _student(None, {}, {})
    members, problem = _read_students(typed)
    return _student(None if problem else members[0], {"student": typed}, {"student": problem} if problem else {})


@bp.post("/one-student")
@open_to(Audience.STAFF)
def shift(course: str) -> Page:
    """Move the dates of all assignments for one student."""
    form = request.form
    members, problem = _read_students(form.get("student", ""), most=1)
    problems = {"student": problem} if problem else {}
    days, reason = form.get("days", type=int), " ".join(form.get("reason", "").split())
    if days is None or not 1 <= days <= MAX_DAYS:
        problems["days"] = _(extension.NO_ATTEMPTS) % {"least": 1, "most": language().number(MAX_DAYS)}
    if len(reason) > extension.MAX_REASON:
        problems["reason"] = _(extension.TOO_LONG) % {"n": language().number(extension.MAX_REASON)}
    if problems:
        return _student(None if problem else members[0], form, problems), 400
    try:
        with parts().database.write() as session:
            moved = _shift(session, members[0].user_id, days or 0, reason, with_past=form.get("which") == "all")
    except moment.Unmovable as error:
        return _student(members[0], form, {"days": error.message(title_of(error.slug), language())}), 400
    text = ngettext("%(n)s assignment is moved.", "%(n)s assignments are moved.", moved)
    flash(text % {"n": language().number(moved)})
    return redirect(url_for("assignments.extensions.show_student", course=course, student=members[0].user.login))


def _shift(session: Session, user_id: int, days: int, reason: str, *, with_past: bool) -> int:
    zone, moved = zone_of(here()), 0
    extensions = extension.of_student(session, here().id, user_id)
    for assignment in list_assignments(session, here().id):
        end = terms.read_terms(assignment).deadline
        if end is None or (end < now() and not with_past):
            continue
        had = {user_id: extensions[assignment.id]} if assignment.id in extensions else {}
        grant = extension.shift(assignment, days, zone, now(), reason)
        extension.give_more(session, assignment, grant, [user_id], had, me().id, now())
        moved += 1
    settle(session, here().id, now(), [user_id])
    return moved


def _list(assignment: Assignment, form: Any, problems: dict[str, str]) -> str:
    session = reader()
    student = (Membership.user_id == Extension.user_id) & (Membership.course_id == here().id)
    found = (
        select(Extension, User, Membership)
        .join(User, User.id == Extension.user_id)
        .outerjoin(Membership, student)
        .where(Extension.assignment_id == assignment.id)
        .order_by(User.name, User.id)
    )
    page = cut_rows(session, found, request.args.get("page", 1, type=int))
    givers = select(User).where(User.id.in_({each.by_id for each, *_rest in page.entries if each.by_id}))
    return render_template(
        "course/assignments_extensions.html",
        **_common(assignment),
        page=page,
        terms_of={each.id: terms.read_terms(assignment, each) for each, *_rest in page.entries},
        names={each.id: each.name for each in session.scalars(givers)},
        form=form,
        problems=problems,
    )


def _form(
    assignment: Assignment, found: Extension, form: Any, problems: dict[str, str], clash: Clash | None = None
) -> str:
    there = extension.version(extension.grant_of(found))
    return render_template(
        "course/assignments_extension.html",
        **_common(assignment),
        student=reader().get(User, found.user_id),
        version=clash.version if clash else form.get(VERSION) or there,
        clash=clash,
        form=form,
        problems=problems,
    )


def _student(member: Membership | None, form: Any, problems: dict[str, str]) -> str:
    """The page of one student; None: nobody was found yet."""
    session, rows = reader(), []
    if member is not None:
        assignments = list_assignments(session, here().id)
        had = extension.of_student(session, here().id, member.user_id)
        rows = [(each, had.get(each.id), terms.read_terms(each, had.get(each.id))) for each in assignments]
    return render_template(
        "course/assignments_student.html",
        member=member,
        rows=rows,
        titles={each.slug: title_of(each.slug) for each, *_rest in rows},
        local=local(),
        zone=zone_of(here()),
        deadlines=deadline,
        form=form,
        problems=problems,
        max_days=MAX_DAYS,
    )


def _common(assignment: Assignment) -> dict[str, Any]:
    """What the templates of one assignment's extensions use."""
    return {
        "assignment": assignment,
        "title": title_of(assignment.slug),
        "terms": terms.read_terms(assignment),
        "local": local(),
        "zone": zone_of(here()),
        "deadlines": deadline,
        "now": now(),
    }


def _read_students(text: str, most: int = extension.MAX_NAMED) -> tuple[list[Membership], str]:
    """The students that were typed, and what is wrong with what was typed; empty: nothing."""
    names = extension.names_in(text)
    if not names:
        return [], _("Name a student by login, e-mail address or number.")
    if len(names) > most:
        text = ngettext("Name one student.", "Name at most %(n)s students at once.", most)
        return [], text % {"n": language().number(most)}
    found = extension.find_students(reader(), here().id, names)
    unknown = [name for name, members in found.items() if not members]
    if unknown:
        return [], _("No student of this course: %(names)s.") % {"names": ", ".join(unknown[:20])}
    double = [name for name, members in found.items() if len(members) > 1]
    if double:
        return [], _("More than one student: %(names)s. Use the login.") % {"names": ", ".join(double[:20])}
    return list({members[0].user_id: members[0] for members in found.values()}.values()), ""


def _row(session: Session, assignment: Assignment) -> Assignment:
    """The assignment again, to be written: somebody may have removed it in between."""
    return session.get(Assignment, assignment.id) or abort(404)


def _extension(session: Session, assignment: Assignment, login: str) -> Extension:
    mine = select(Extension).join(User, User.id == Extension.user_id).where(
        Extension.assignment_id == assignment.id, User.login == login
    )  # fmt: skip
    return session.scalar(mine) or abort(404)
