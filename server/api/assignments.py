"""A course's assignments: the list, a new one, changes, removal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import Response, url_for
from msgspec import UNSET, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.access import Audience
from server.api import paging, problem
from server.api.courses import MADE
from server.api.matching import ETAG, Matching, check_match, tagged
from server.api.meta import about
from server.api.operation import ASSIGNMENTS, DONE, JSON, PATH, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, cut, links
from server.context import _, language, me, now, parts, reader
from server.context import course as here
from server.course import assigning, assignment_form, moment, schedule
from server.course import assignment as rules
from server.course.assignment_form import DATES, MAX_ATTEMPTS, MAX_MINUTES, MAX_POINTS
from server.course.schedule import Line
from server.exercise.titles import title_of
from server.i18n import mark
from server.models import Assignment, Counting, Hidden, When

Slug = Annotated[str, about("The exercise's short name.", pattern=PATH["slug"].pattern)]
Time = Annotated[datetime, msgspec.Meta(tz=True)]

NO_EXERCISE = mark("There is no such exercise.")
IS_ASSIGNED = mark("This exercise is assigned in the course already. Change that assignment.")


class AssignmentTerms(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Terms of an assignment; what is missing stays as it is."""

    published: Annotated[bool, about("Whether students see it.")] | UnsetType = UNSET
    opens_at: Annotated[Time | None, about("From when it takes submissions; null: at once.")] | UnsetType = UNSET
    due_at: Annotated[Time | None, about("Until when nothing is late; null: nothing ever is.")] | UnsetType = UNSET
    closes_at: Annotated[Time | None, about("Until when it takes submissions; null: always.")] | UnsetType = UNSET
    points: (
        Annotated[
            Annotated[float, msgspec.Meta(ge=0, le=MAX_POINTS)] | None,
            about("What it is worth; null: as many as its tests."),
        ]
        | UnsetType
    ) = UNSET
    max_attempts: (
        Annotated[
            Annotated[int, msgspec.Meta(ge=1, le=MAX_ATTEMPTS)] | None,
            about("How many attempts there are; null: any number."),
        ]
        | UnsetType
    ) = UNSET
    cooldown_minutes: Annotated[int, about("Between two attempts.", ge=0, le=MAX_MINUTES)] | UnsetType = UNSET
    grace_minutes: (
        Annotated[int, about("After the due date, in which nothing is late yet.", ge=0, le=MAX_MINUTES)] | UnsetType
    ) = UNSET
    late_percent: (
        Annotated[float, about("What each day begun after the due date costs, in percent.", ge=0, le=100)] | UnsetType
    ) = UNSET
    uses_late_days: Annotated[bool, about("Whether late days come first.")] | UnsetType = UNSET
    counting: Annotated[Counting, about("Which attempt counts.")] | UnsetType = UNSET
    hidden_shown: Annotated[Hidden, about("What students read of hidden tests.")] | UnsetType = UNSET
    hidden_shown_when: Annotated[When, about("From when they read it.")] | UnsetType = UNSET
    hidden_run_when: Annotated[When, about("From when hidden tests are run.")] | UnsetType = UNSET


class NewAssignment(AssignmentTerms, kw_only=True):
    """An assignment that is to be made: a draft, unless it is said otherwise."""

    exercise: Slug
    like: Annotated[str, about("The exercise of an assignment whose terms it begins with.")] | UnsetType = UNSET


class AssignmentEntry(msgspec.Struct, kw_only=True):
    """An assignment with its terms, and how far the students are."""

    exercise: Annotated[str, about("The exercise's short name.")]
    title: Annotated[str, about("The exercise's title.")]
    published: Annotated[bool, about("Whether students see it.")]
    opens_at: Annotated[datetime | None, about("From when it takes submissions; null: at once.")]
    due_at: Annotated[datetime | None, about("Until when nothing is late; null: nothing ever is.")]
    closes_at: Annotated[datetime | None, about("Until when it takes submissions; null: always.")]
    points: Annotated[float | None, about("What it is worth; null: as many as its tests.")]
    worth: Annotated[float | None, about("Points that there are to earn; null: that is not known yet.")]
    max_attempts: Annotated[int | None, about("How many attempts there are; null: any number.")]
    cooldown_minutes: Annotated[int, about("Between two attempts.")]
    grace_minutes: Annotated[int, about("After the due date, in which nothing is late yet.")]
    late_percent: Annotated[float, about("What each day begun after the due date costs, in percent.")]
    uses_late_days: Annotated[bool, about("Whether late days come first.")]
    counting: Annotated[Counting, about("Which attempt counts.")]
    hidden_shown: Annotated[Hidden, about("What students read of hidden tests.")]
    hidden_shown_when: Annotated[When, about("From when they read it.")]
    hidden_run_when: Annotated[When, about("From when hidden tests are run.")]
    handed_in: Annotated[int, about("Students who have handed in.")]
    graded: Annotated[int, about("Students who have points.")]
    extensions: Annotated[int, about("Students with an extension.")]
    page: Annotated[str, about("Where people read it.")]


class AssignmentList(msgspec.Struct):
    """A page of assignments, by due date."""

    assignments: Annotated[list[AssignmentEntry], about("The assignments of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


def describe(line: Line) -> AssignmentEntry:
    """Tell what an assignment is."""
    its = line.assignment
    columns = {name: getattr(its, name) for name in rules.DEFAULTS if name != "is_published"}
    return AssignmentEntry(
        exercise=its.slug,
        title=title_of(its.slug),
        published=its.is_published,
        worth=line.worth,
        handed_in=line.handed_in,
        graded=line.graded,
        extensions=line.extensions,
        page=url_for("assignments.show", course=here().code, slug=its.slug),
        **columns,
    )


def find(session: Session, slug: str) -> Assignment:
    """An assignment of the course of the path; any other is not there."""
    mine = (Assignment.course_id == here().id) & (Assignment.slug == slug)
    found = session.scalar(select(Assignment).where(mine))
    if found is None:
        problem.refuse("not_found")
    return found


def judge_times(times: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with moments that were sent, by field: some no course has."""
    wrong = {}
    for name, when in times.items():
        try:
            if when:
                moment.check(when, now())
        except moment.Unreadable as error:
            wrong[name] = error.message(language())
    return wrong


def check_times(times: Mapping[str, Any]) -> None:
    """Refuse moments that no course has."""
    if wrong := judge_times(times):
        problem.refuse("invalid", errors=wrong)


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments",
        ASSIGNMENTS,
        mark("List the assignments of a course"),
        Audience.API_STAFF,
        (Answer(mark("A page of assignments."), AssignmentList, headers=LINK),),
        query=PageQuery,
    )
)
def list_assignments(course: str, query: PageQuery) -> Response:
    """Send the assignments of a course."""
    page = cut(schedule.read(reader(), here().id, now()), lambda line: line.assignment.slug, query)
    if page is None:
        paging.refuse_cursor()
    shown, cursor = page
    return to_json(AssignmentList([describe(each) for each in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "POST",
        "/courses/<course>/assignments",
        ASSIGNMENTS,
        mark("Assign an exercise"),
        Audience.API_TEACHER,
        (Answer(mark("The assignment."), AssignmentEntry, status=201, headers=MADE | ETAG),),
        bodies={JSON: NewAssignment},
        problems=(409,),
    )
)
def make_assignment(course: str, query: Query, body: NewAssignment) -> Response:
    """Make an assignment."""
    if body.exercise not in parts().catalogue.slugs():
        problem.refuse("invalid", errors={"exercise": _(NO_EXERCISE)})
    with parts().database.write() as session:
        like = None if body.like is UNSET else find(session, body.like).id
        if not assigning.add(session, here().id, [body.exercise], like, me().id, now()):
            problem.refuse("conflict", _(IS_ASSIGNED))
        session.flush()
        _apply(session, find(session, body.exercise), body)
    where = {"Location": url_for("api.show_assignment", course=course, slug=body.exercise)}
    return _answer(body.exercise, 201, where)


def _apply(session: Session, row: Assignment, body: AssignmentTerms) -> None:
    """Change what was sent. Refuses, and changes nothing, where terms make no sense together."""
    sent = {name: getattr(body, name) for name in AssignmentTerms.__struct_fields__}
    values = {name: value for name, value in sent.items() if value is not UNSET}
    if "published" in values:
        values["is_published"] = values.pop("published")
    # What stands there already stays, however far away it is.
    wrong = judge_times({name: values.get(name) for name in DATES if values.get(name) != getattr(row, name)})
    found = rules.find_problems(assignment_form.copy(row, values), unread=wrong)
    if errors := {name: _(text) for name, text in found.items()} | wrong:
        problem.refuse("invalid", errors=errors)
    assigning.apply(session, row, values, me().id, now())


def _answer(slug: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """As it is now: the request's own reader sees the database as it was before."""
    with parts().database.reader() as session:
        lines = schedule.read(session, here().id, now())
        found = next(line for line in lines if line.assignment.slug == slug)
        return to_json(describe(found), status, {**(headers or {}), **tagged(assigning.version(found.assignment))})


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments/<slug>",
        ASSIGNMENTS,
        mark("Read an assignment"),
        Audience.API_STAFF,
        (Answer(mark("The assignment."), AssignmentEntry, headers=ETAG),),
    )
)
def show_assignment(course: str, slug: str, query: Query) -> Response:
    """Send one assignment."""
    find(reader(), slug)
    return _answer(slug)


@route(
    Operation(
        "PATCH",
        "/courses/<course>/assignments/<slug>",
        ASSIGNMENTS,
        mark("Change or publish an assignment"),
        Audience.API_TEACHER,
        (Answer(mark("The assignment as it is now."), AssignmentEntry, headers=ETAG),),
        headers=Matching,
        bodies={JSON: AssignmentTerms},
        problems=(412,),
    )
)
def change_assignment(course: str, slug: str, query: Query, headers: Matching, body: AssignmentTerms) -> Response:
    """Change an assignment's terms."""
    with parts().database.write() as session:
        row = find(session, slug)
        check_match(assigning.version(row))
        _apply(session, row, body)
    return _answer(slug)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/assignments/<slug>",
        ASSIGNMENTS,
        mark("Take an assignment out of a course"),
        Audience.API_TEACHER,
        (DONE,),
    )
)
def remove_assignment(course: str, slug: str, query: Query) -> None:
    """Remove an assignment; what was handed in stays with the students."""
    with parts().database.write() as session:
        assigning.remove(session, find(session, slug), me().id, now())
