"""The gradebook: students by assignments, and points that are set by hand."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType
from sqlalchemy import select

from server.access import Audience
from server.api import assignments, members, paging, problem
from server.api.assignments import Slug
from server.api.matching import ETAG, Matching, check_match, tagged
from server.api.meta import about
from server.api.operation import GRADEBOOK, JSON, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import _, me, now, parts, reader
from server.context import course as here
from server.course import gradebook, override
from server.course.gradebook import Filter, Mark, Row
from server.course.override import MAX_POINTS, MAX_REASON
from server.course.results import points_of
from server.course.roster import MAX_LABEL
from server.exercise.titles import title_of
from server.i18n import mark
from server.models import Assignment, Membership, Result, Role, User

NO_REASON = mark("Say why: the student may ask.")


class Column(msgspec.Struct):
    """An assignment of the gradebook."""

    exercise: Annotated[str, about("The exercise's short name.")]
    title: Annotated[str, about("The exercise's title.")]
    published: Annotated[bool, about("Whether students see it.")]
    worth: Annotated[float | None, about("Points that there are to earn; null: that is not known yet.")]


class Cell(msgspec.Struct):
    """One student in one assignment."""

    points: Annotated[float | None, about("The points that count; null: none yet.")]
    marks: Annotated[list[str], about("What else there is: override, late, waiting, provisional, reviewed, request.")]


class Standing(msgspec.Struct):
    """One student."""

    login: Annotated[str, about("The user name.")]
    name: Annotated[str, about("The name.")]
    number: Annotated[str, about("The institution's number for them.")]
    section: Annotated[str, about("Class or group within the course.")]
    total: Annotated[float, about("Points in all published assignments.")]
    cells: Annotated[dict[str, Cell], about("By exercise; one that is missing here has nothing handed in.")]


class GradebookPage(msgspec.Struct):
    """A page of the gradebook, by name."""

    assignments: Annotated[list[Column], about("The course's assignments.")]
    students: Annotated[list[Standing], about("The students of this page.")]
    found: Annotated[int, about("Students in all.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class GradebookQuery(PageQuery):
    """Which students."""

    q: Annotated[str, about("Part of name, user name, e-mail address or number.", max_length=gradebook.MAX_QUERY)] = ""
    section: Annotated[str, about("Only those in this section.", max_length=MAX_LABEL)] = ""
    missing: Annotated[Slug, about("Only those who have nothing that counts in this.")] | UnsetType = UNSET
    requests: Annotated[bool, about("Only those who ask for a regrade.")] = False


class ResultView(msgspec.Struct, kw_only=True):
    """What counts for a student in an assignment."""

    login: Annotated[str, about("The user name.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    worth: Annotated[float | None, about("Points that there are to earn; null: that is not known yet.")]
    submission: Annotated[str | None, about("The id of the attempt that counts; null: none does.")]
    attempts: Annotated[int, about("Attempts that were used.")]
    days_late: Annotated[int, about("Days begun after the due date.")]
    late_days: Annotated[int, about("How many of them were late days of the student.")]
    earned: Annotated[float | None, about("Points by tests, after what being late costs; null: nothing was graded.")]
    manual: Annotated[float, about("Points that a published review adds or takes.")]
    override: Annotated[float | None, about("Points that were set by hand; null: they follow from submissions.")]
    reason: Annotated[str, about("Why they were set.")]
    points: Annotated[float | None, about("The points that count; null: none yet.")]


class Override(msgspec.Struct, forbid_unknown_fields=True):
    """Points that are set by hand."""

    points: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=MAX_POINTS)] | None,
        about("The points; null: they follow from submissions again."),
    ]
    reason: Annotated[str, about("Why: the student may ask.", min_length=1, max_length=MAX_REASON)]


@route(
    Operation(
        "GET",
        "/courses/<course>/gradebook",
        GRADEBOOK,
        mark("Read the gradebook"),
        Audience.API_STAFF,
        (Answer(mark("A page of the gradebook."), GradebookPage, headers=LINK),),
        query=GradebookQuery,
    )
)
def show_gradebook(course: str, query: GradebookQuery) -> Response:
    """Send a page of the gradebook."""
    missing = None if query.missing is UNSET else find_assignment("missing", query.missing).id
    chosen = Filter(query=query.q, section=query.section, missing=missing, requests=query.requests)
    book = gradebook.read_after(reader(), here().id, chosen, _last(query), query.limit + 1)
    shown, final = paging.split(book.rows, query.limit)
    cursor = final.member.user.login if final else None
    columns = [
        Column(each.slug, title_of(each.slug), each.is_published, book.worth[each.id]) for each in book.assignments
    ]
    slugs = {each.id: each.slug for each in book.assignments}
    page = GradebookPage(columns, [_standing(row, slugs) for row in shown], book.found, cursor)
    return to_json(page, headers=links(cursor))


def find_assignment(name: str, slug: str) -> Assignment:
    """The assignment that a parameter names."""
    mine = (Assignment.course_id == here().id) & (Assignment.slug == slug)
    found = reader().scalar(select(Assignment).where(mine))
    if found is None:
        problem.refuse("invalid", errors={name: _(assignments.NO_EXERCISE)})
    return found


def _last(query: GradebookQuery) -> Membership | None:
    if query.after is UNSET:
        return None
    mine = select(Membership).join(Membership.user).where(Membership.course_id == here().id, User.login == query.after)
    return reader().scalar(mine) or paging.refuse_cursor()


def _standing(row: Row, slugs: dict[int, str]) -> Standing:
    cells = {
        slugs[id]: Cell(cell.points, [Mark(each).name.lower() for each in cell.marks])
        for id, cell in row.cells.items()
        if id in slugs
    }
    user = row.member.user
    return Standing(user.login, user.name, row.member.number, row.member.section, row.total, cells)


@route(
    Operation(
        "GET",
        "/courses/<course>/gradebook/<login>/<slug>",
        GRADEBOOK,
        mark("Read what counts for a student"),
        Audience.API_STAFF,
        (Answer(mark("What counts."), ResultView, headers=ETAG),),
    )
)
def show_result(course: str, login: str, slug: str, query: Query) -> Response:
    """Send what counts for one student in one assignment."""
    member = members.find(reader(), login, Role.STUDENT)
    return _answer(member, assignments.find(reader(), slug))


def _answer(member: Membership, assignment: Assignment) -> Response:
    """As it is now: the request's own reader sees the database as it was before."""
    with parts().database.reader() as session:
        found = session.get(Result, (assignment.id, member.user_id)) or Result(attempts=0, manual=0.0)
        worth = points_of(session, [assignment])[assignment.id]
    shown = ResultView(
        login=member.user.login,
        exercise=assignment.slug,
        worth=worth,
        submission=found.submission_id,
        attempts=found.attempts,
        days_late=found.days_late or 0,
        late_days=found.late_days or 0,
        earned=found.earned,
        manual=found.manual,
        override=found.override,
        reason=found.override_reason or "",
        points=found.points,
    )
    return to_json(shown, headers=tagged(override.version(found)))


@route(
    Operation(
        "PUT",
        "/courses/<course>/gradebook/<login>/<slug>",
        GRADEBOOK,
        mark("Set a student's points by hand"),
        Audience.API_TEACHER,
        (Answer(mark("What counts now."), ResultView, headers=ETAG),),
        headers=Matching,
        bodies={JSON: Override},
        problems=(412,),
    )
)
def set_result(course: str, login: str, slug: str, query: Query, headers: Matching, body: Override) -> Response:
    """Set the points, or let them follow from submissions again."""
    reason = body.reason.strip()
    if not reason:
        problem.refuse("invalid", errors={"reason": _(NO_REASON)})
    with parts().database.write() as session:
        member, assignment = members.find(session, login, Role.STUDENT), assignments.find(session, slug)
        check_match(override.version(session.get(Result, (assignment.id, member.user_id), with_for_update=True)))
        override.set_points(session, member, assignment, body.points, reason, me().id, now())
    return _answer(member, assignment)
