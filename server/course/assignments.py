"""Pages of assignments: the list, new ones from the catalogue, one with its terms in words, changes, removal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from grader.report import LANGUAGES
from server.access import Audience, open_to
from server.context import _, language, me, ngettext, now, parts, reader
from server.context import course as here
from server.course import assigning, assignment_form, deadline, extensions, policy, schedule, terms
from server.course import assignment as rules
from server.course.clash import VERSION, Clash, Thing, find_clash
from server.course.gradebook import list_assignments
from server.course.overview import STAGES
from server.course.place import assignment_here, local, zone_of
from server.course.results import points_of
from server.exercise.catalogue import readable
from server.exercise.curriculum import group, in_order
from server.exercise.titles import title_of
from server.i18n import Translator, mark
from server.models import Assignment, Extension, Membership, Role
from server.office.log import Action

bp = Blueprint("assignments", __name__, url_prefix="/courses/<course>/assignments")
bp.register_blueprint(extensions.bp)

Page = str | Response | tuple[str, int]

CHOOSE = mark("Choose at least one exercise.")


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> str:
    """Show the course's assignments in order of their due dates."""
    lines = schedule.read(reader(), here().id, now())
    return render_template(
        "course/assignments.html",
        lines=lines,
        titles={each.assignment.slug: title_of(each.assignment.slug) for each in lines},
        stages=STAGES,
        students=_count_students(),
        local=local(),
        zone=zone_of(here()),
        deadlines=deadline,
        now=now(),
    )


# The hyphen keeps this address apart from those of exercises.
@bp.get("/from-catalogue")
@open_to(Audience.TEACHER)
def choose(course: str) -> str:
    """Show the exercises that can be assigned."""
    return _choose()


@bp.post("/from-catalogue")
@open_to(Audience.TEACHER)
def add(course: str) -> Page:
    """Make assignments of the chosen exercises, as drafts."""
    chosen = list(dict.fromkeys(request.form.getlist("exercise")))
    if not set(chosen) <= set(parts().catalogue.slugs()):
        abort(400)
    if not chosen:
        return _choose(_(CHOOSE)), 400
    with parts().database.write() as session:
        made = assigning.add(session, here().id, chosen, request.form.get("like", type=int), me().id, now())
    text = ngettext("%(n)s assignment is added, as a draft.", "%(n)s assignments are added, as drafts.", len(made))
    flash(text % {"n": language().number(len(made))})
    if len(made) == 1:
        return redirect(url_for("assignments.edit", course=course, slug=made[0]))
    return redirect(url_for("assignments.index", course=course))


def _choose(problem: str = "") -> str:
    assignments = list_assignments(reader(), here().id)
    return render_template(
        "course/assignments_add.html",
        modules=group(in_order(readable(parts().catalogue))),
        assigned={each.slug for each in assignments},
        assignments=assignments,
        titles={each.slug: title_of(each.slug) for each in assignments},
        form=request.form,
        chosen=request.form.getlist("exercise"),
        problem=problem,
    )


@bp.get("/<slug>")
@open_to(Audience.STAFF)
def show(course: str, slug: str) -> str:
    """Show one assignment: its terms as students read them, and what may be done with it."""
    assignment = assignment_here(slug)
    handed_in, graded = schedule.count_work(reader(), here().id)
    return render_template(
        "course/assignments_show.html",
        **_policy(assignment),
        stage=schedule.stage_of(assignment, now()),
        stages=STAGES,
        handed_in=handed_in.get(assignment.id, 0),
        graded=graded.get(assignment.id, 0),
        students=_count_students(),
        extensions=_count_extensions(assignment),
        is_gone=slug not in parts().catalogue.slugs(),
    )


@bp.get("/<slug>/edit")
@open_to(Audience.TEACHER)
def edit(course: str, slug: str) -> str:
    """Show the form of an assignment's terms."""
    assignment = assignment_here(slug)
    return _form(assignment, assignment_form.show(assignment, zone_of(here()), language()))


@bp.post("/<slug>/edit")
@open_to(Audience.TEACHER)
def change(course: str, slug: str) -> Page:
    """Change an assignment's terms, or show what those that were typed would mean."""
    assignment, form = assignment_here(slug), request.form
    values, problems = assignment_form.read(form, assignment, zone_of(here()), language(), now())
    if problems:
        return _form(assignment, form, problems, clash=_clash(reader(), assignment, values, is_right=False)), 400
    if form.get("action") == "preview":
        seen = _clash(reader(), assignment, values)
        return _form(assignment, form, preview=assignment_form.copy(assignment, values), clash=seen)
    with parts().database.write() as session:
        row = _row(session, assignment)
        found = _clash(session, row, values)
        if found is None:
            assigning.apply(session, row, values, me().id, now())
    if found is not None:
        return _form(row, form, clash=found), 409
    flash(_("The assignment is saved."))
    return redirect(url_for("assignments.show", course=course, slug=slug))


def _clash(session: Session, row: Assignment, values: Mapping[str, Any], *, is_right: bool = True) -> Clash | None:
    """Whether somebody has changed an assignment since the form was made from it."""
    shown = assignment_form.show(row, zone_of(here()), language())
    shown |= {name: deadline.clock(when, local()) for name in assignment_form.DATES if (when := getattr(row, name))}
    saved = {name: text for name, text in shown.items() if name not in values or values[name] != getattr(row, name)}
    thing = Thing(Action.ASSIGNMENT_CHANGED, here().id, row.slug, assigning.version(row))
    typed = assigning.version(assignment_form.copy(row, values)) if is_right else None
    return find_clash(session, thing, request.form.get(VERSION, ""), typed, saved)


@bp.post("/<slug>/publish")
@open_to(Audience.TEACHER)
def publish(course: str, slug: str) -> Page:
    """Show an assignment to students, or hide it again."""
    assignment, wanted = assignment_here(slug), request.form.get("published") == "yes"
    if wanted and rules.find_problems(assignment):
        flash(_("Something in its terms does not fit. Mend it here, then publish it."))
        return redirect(url_for("assignments.edit", course=course, slug=slug))
    with parts().database.write() as session:
        assigning.apply(session, _row(session, assignment), {"is_published": wanted}, me().id, now())
    flash(_("Students see it now.") if wanted else _("It is a draft again: students do not see it."))
    return redirect(url_for("assignments.index", course=course))


@bp.get("/<slug>/remove")
@open_to(Audience.TEACHER)
def ask_to_remove(course: str, slug: str) -> str:
    """Show what removing an assignment means."""
    assignment = assignment_here(slug)
    handed_in, _graded = schedule.count_work(reader(), here().id)
    return render_template(
        "course/assignments_remove.html",
        assignment=assignment,
        title=title_of(slug),
        handed_in=handed_in.get(assignment.id, 0),
        extensions=_count_extensions(assignment),
    )


@bp.post("/<slug>/remove")
@open_to(Audience.TEACHER)
def remove(course: str, slug: str) -> Page:
    """Take an assignment out of the course; what was handed in stays with the students."""
    assignment, title = assignment_here(slug), title_of(slug)
    with parts().database.write() as session:
        assigning.remove(session, _row(session, assignment), me().id, now())
    flash(_("%(title)s is removed from the course.") % {"title": title})
    return redirect(url_for("assignments.index", course=course))


def _form(
    assignment: Assignment,
    form: Mapping[str, str],
    problems: dict[str, str] | None = None,
    preview: Assignment | None = None,
    clash: Clash | None = None,
) -> str:
    version = clash.version if clash else form.get(VERSION) or assigning.version(assignment)
    return render_template(
        "course/assignments_edit.html",
        **_policy(preview or assignment),
        is_preview=preview is not None,
        version=version,
        clash=clash,
        form=form,
        problems=problems or {},
    )


def _policy(assignment: Assignment) -> dict[str, Any]:
    """What the templates say of an assignment's terms."""
    zone, its = zone_of(here()), terms.read_terms(assignment)
    worth = points_of(reader(), [assignment])[assignment.id]
    return {
        "assignment": assignment,
        "title": title_of(assignment.slug),
        "terms": its,
        "worth": worth,
        "sentences": {tag: policy.sentences(its, worth, here().late_days, Translator(tag, zone)) for tag in LANGUAGES},
        "examples": policy.examples(its, here().late_days),
        "local": local(),
        "zone": zone,
        "deadlines": deadline,
        "now": now(),
    }


def _count_students() -> int:
    mine = (Membership.course_id == here().id) & (Membership.role == Role.STUDENT)
    return reader().scalar(select(func.count()).select_from(Membership).where(mine)) or 0


def _count_extensions(assignment: Assignment) -> int:
    mine = Extension.assignment_id == assignment.id
    return reader().scalar(select(func.count()).select_from(Extension).where(mine)) or 0


def _row(session: Session, assignment: Assignment) -> Assignment:
    """The assignment again, to be written: somebody may have removed it in between."""
    return session.get(Assignment, assignment.id) or abort(404)
