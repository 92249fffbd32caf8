"""The page of an assignment's rubric."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from server.access import Audience, open_to
from server.context import _, language, me, now, parts, reader
from server.context import course as here
from server.course.clash import VERSION, Clash, Thing, find_clash
from server.course.place import assignment_by_id
from server.exercise.titles import title_of
from server.models import Assignment
from server.office.log import Action
from server.review import rubric
from server.review.blueprint import Page, bp, chosen
from server.review.rubric import Row


@bp.get("/rubric/<int(max=2147483647):assignment>")
@open_to(Audience.STAFF)
def show_rubric(course: str, assignment: int) -> Page:
    """Show what reviews of an assignment give or take points for."""
    found = assignment_by_id(assignment)
    items = rubric.read_items(reader(), found.id)
    return _show(found, rubric.show(items, language().tag), rubric.version(items))


def _show(
    assignment: Assignment,
    rows: list[Row],
    version: str,
    problems: dict[str, str] | None = None,
    clash: Clash | None = None,
) -> str:
    return render_template(
        "course/review_rubric.html",
        assignment=assignment,
        title=title_of(assignment.slug),
        rows=rows,
        uses=rubric.count_uses(reader(), assignment.id),
        problems=problems or {},
        version=version,
        clash=clash,
        chosen=chosen(),
        # The review from which the reader came.
        back=request.args.get("from", ""),
    )


@bp.post("/rubric/<int(max=2147483647):assignment>")
@open_to(Audience.STAFF)
def change_rubric(course: str, assignment: int) -> Page:
    """Change an assignment's rubric; published reviews change with it."""
    found, sent = assignment_by_id(assignment), request.form.get(VERSION, "")
    with parts().database.write() as session:
        items = rubric.read_items(session, found.id)
        rows = rubric.read_form(request.form, items, language().tag)
        problems = rubric.check(rows)
        thing = Thing(Action.RUBRIC_CHANGED, here().id, found.slug, rubric.version(items))
        typed = None if problems else rubric.version_typed(rows)
        clash = find_clash(session, thing, sent, typed, rubric.differing(rows, items, language().tag))
        # Of another version, and no clash: a second click, and everything stands there already.
        if not problems and clash is None and sent in ("", thing.version):
            rubric.save(session, found, rows, me().id, now())
    if problems or clash:
        version = clash.version if clash else sent or thing.version
        return _show(found, rows, version, problems, clash), 400 if problems else 409
    flash(_("The rubric is saved."))
    words: dict[str, Any] = chosen().arguments()
    if back := request.args.get("from"):
        words["from"] = back
    return redirect(url_for("reviews.show_rubric", course=course, assignment=assignment, **words))
