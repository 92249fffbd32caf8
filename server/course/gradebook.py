"""What a gradebook shows: students by assignments, with a number of queries that does not grow. Knows no Flask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from server.course.results import points_of
from server.i18n import mark
from server.models import (
    Assignment,
    Membership,
    RegradeRequest,
    RequestState,
    Result,
    Review,
    Role,
    State,
    Submission,
    User,
)
from server.office.listing import cut
from server.submission.history import Page

MAX_QUERY = 100

#: what may be sorted by, besides an assignment's id
NAME, NUMBER, SECTION, TOTAL = "name", "number", "section", "total"
SORTS = (NAME, NUMBER, SECTION, TOTAL)


class Mark(StrEnum):
    """What there is to say of a cell, besides its points. The values are the signs."""

    OVERRIDE = "✎"
    LATE = "†"
    WAITING = "…"
    PROVISIONAL = "≈"
    REVIEWED = "✓"
    REQUEST = "?"


MARKS = {
    Mark.OVERRIDE: mark("points set by hand"),
    Mark.LATE: mark("handed in late"),
    Mark.WAITING: mark("still to be graded"),
    Mark.PROVISIONAL: mark("provisional: the hidden tests run after the deadline"),
    Mark.REVIEWED: mark("review published"),
    Mark.REQUEST: mark("the student asks for a regrade"),
}


@dataclass(frozen=True)
class Filter:
    """Which students are shown, and in which order."""

    query: str = ""
    section: str = ""
    #: only those who have nothing that counts in this assignment
    missing: int | None = None
    #: only those below so many percent of this assignment's points
    below: float | None = None
    of: int | None = None
    #: only those who ask for a regrade
    requests: bool = False
    sort: str = NAME
    descending: bool = False


@dataclass(frozen=True)
class Cell:
    """One student in one assignment."""

    points: float | None
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Row:
    """One student."""

    member: Membership
    #: by assignment
    cells: dict[int, Cell]
    #: points in published assignments
    total: float


@dataclass(frozen=True)
class Gradebook:
    """A page of a gradebook, or all of it."""

    assignments: list[Assignment]
    #: what each is worth; None: not known yet
    worth: dict[int, float | None]
    rows: list[Row]
    #: students in all
    found: int
    sections: list[str] = field(default_factory=list)
    #: of a page: which it is, from 1, and how many there are
    number: int = 1
    count: int = 1

    @property
    def most(self) -> float:
        """Points that there are to earn in published assignments."""
        return sum(self.worth[each.id] or 0.0 for each in self.assignments if each.is_published)


def read(session: Session, course_id: int, chosen: Filter, page: int | None = 1) -> Gradebook:
    """Read a page, from 1, or the nearest that there is; None: all of it."""
    assignments = list_assignments(session, course_id)
    worth = points_of(session, assignments)
    wanted = _members(course_id, chosen, {each.id: worth[each.id] for each in assignments})
    ordered = wanted.order_by(*_order(chosen, assignments))
    if page is None:
        members = session.scalars(ordered).all()
        some = Page(members, 1, 1, len(members))
    else:
        some = cut(session, ordered, page)
    rows = _rows(session, some.entries, assignments, is_part=page is not None)
    sections = select(Membership.section).where(Membership.course_id == course_id, Membership.section != "")
    named = list(session.scalars(sections.distinct().order_by("section")))
    return Gradebook(assignments, worth, rows, some.found, named, some.number, some.count)


def read_after(session: Session, course_id: int, chosen: Filter, last: Membership | None, limit: int) -> Gradebook:
    """Read so many students by name, those who come after ``last``; None: from the beginning."""
    assignments = list_assignments(session, course_id)
    worth = points_of(session, assignments)
    wanted = _members(course_id, chosen, {each.id: worth[each.id] for each in assignments})
    found = session.scalar(select(func.count()).select_from(wanted.with_only_columns(Membership.id).subquery())) or 0
    small = func.lower(User.name)
    if last is not None:
        # As the database writes it small, in which the order is made.
        end = select(small).where(User.id == last.user_id).correlate(None).scalar_subquery()
        wanted = wanted.where((small > end) | ((small == end) & (Membership.id > last.id)))
    members = list(session.scalars(wanted.order_by(small, Membership.id).limit(limit)))
    return Gradebook(assignments, worth, _rows(session, members, assignments, is_part=True), found)


def list_assignments(session: Session, course_id: int) -> list[Assignment]:
    """The course's assignments in order of their due dates."""
    mine = select(Assignment).where(Assignment.course_id == course_id)
    return list(session.scalars(mine.order_by(Assignment.due_at.is_(None), Assignment.due_at, Assignment.id)))


def _members(course_id: int, chosen: Filter, worth: dict[int, float | None]) -> Select[Membership]:
    wanted = select(Membership).join(Membership.user).where(
        Membership.course_id == course_id, Membership.role == Role.STUDENT
    )  # fmt: skip
    if chosen.query:
        text = "%" + chosen.query[:MAX_QUERY].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (User.name, User.login, User.email, Membership.number)
        wanted = wanted.where(or_(*(column.ilike(text, escape="\\") for column in columns)))
    if chosen.section:
        wanted = wanted.where(Membership.section == chosen.section)
    if chosen.missing in worth:
        wanted = wanted.where(~_has(chosen.missing, Result.points.is_not(None)))
    if chosen.of in worth and chosen.below is not None:
        bound = (worth[chosen.of] or 0.0) * chosen.below / 100
        wanted = wanted.where(~_has(chosen.of, Result.points >= bound))
    if chosen.requests:
        wanted = wanted.where(Membership.user_id.in_(_asking(course_id)))
    return wanted


def _has(assignment: int | None, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a student has such a result in an assignment."""
    mine = select(Result.user_id).where(Result.assignment_id == assignment, Result.user_id == Membership.user_id)
    return mine.where(condition).exists()


def _asking(course_id: int) -> Select[int]:
    """Students whose requests are open."""
    return (
        select(Submission.user_id)
        .join(RegradeRequest, RegradeRequest.submission_id == Submission.id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Assignment.course_id == course_id, RegradeRequest.state == RequestState.OPEN)
    )


def _order(chosen: Filter, assignments: Sequence[Assignment]) -> list[Any]:
    """Names last: equal ones always come in the same order. Who has no points comes last either way."""
    name: list[Any] = [func.lower(User.name), Membership.id]
    columns: dict[str, Any] = {
        NAME: func.lower(User.name),
        NUMBER: Membership.number,
        SECTION: Membership.section,
        TOTAL: _total([each.id for each in assignments if each.is_published]),
        **{str(each.id): _points(each.id) for each in assignments},
    }
    column = columns.get(chosen.sort, columns[NAME])
    direction = column.desc() if chosen.descending else column.asc()
    return [column.is_(None), direction, *name]


def _total(assignments: Collection[int]) -> ColumnElement[Any]:
    mine = select(func.sum(Result.points)).where(
        Result.user_id == Membership.user_id, Result.assignment_id.in_(assignments)
    )
    return mine.scalar_subquery()


def _points(assignment: int) -> ColumnElement[Any]:
    mine = select(Result.points).where(Result.user_id == Membership.user_id, Result.assignment_id == assignment)
    return mine.scalar_subquery()


def _rows(
    session: Session, members: Sequence[Membership], assignments: Sequence[Assignment], *, is_part: bool
) -> list[Row]:
    ids = [each.id for each in assignments]
    # Thousands of numbers do not fit into a statement; all students are asked for as a whole.
    users = {each.user_id for each in members} if is_part else None
    cells = _cells(session, ids, users)
    published = [each.id for each in assignments if each.is_published]
    return [
        Row(member, mine := cells[member.user_id], sum(mine[each].points or 0.0 for each in published if each in mine))
        for member in members
    ]


def _cells(session: Session, assignments: list[int], users: set[int] | None) -> defaultdict[int, dict[int, Cell]]:
    found = (
        select(
            Result.user_id, Result.assignment_id, Result.points, Result.override.is_not(None), Result.days_late,
            Submission.is_provisional, Review.published_at.is_not(None),
        )
        .outerjoin(Submission, Submission.id == Result.submission_id)
        .outerjoin(Review, and_(Review.submission_id == Result.submission_id))
        .where(Result.assignment_id.in_(assignments))
    )  # fmt: skip
    if users is not None:
        found = found.where(Result.user_id.in_(users))
    waiting = _keys(session, assignments, users, Submission.state.in_([State.RECEIVED, State.RUNNING]))
    asking = _keys(
        session, assignments, users,
        select(RegradeRequest.id)
        .where(RegradeRequest.submission_id == Submission.id, RegradeRequest.state == RequestState.OPEN)
        .exists(),
    )  # fmt: skip
    cells: defaultdict[int, dict[int, Cell]] = defaultdict(dict)
    for user, assignment, points, is_set, days_late, is_provisional, is_reviewed in session.execute(found):
        key = (user, assignment)
        marks = {
            Mark.OVERRIDE: is_set,
            Mark.LATE: days_late and not is_set,
            Mark.WAITING: key in waiting,
            Mark.PROVISIONAL: is_provisional and not is_set,
            Mark.REVIEWED: is_reviewed,
            Mark.REQUEST: key in asking,
        }
        cells[user][assignment] = Cell(points, tuple(each for each, holds in marks.items() if holds))
    for user, assignment in waiting:
        cells[user].setdefault(assignment, Cell(None, (Mark.WAITING,)))
    return cells


def _keys(
    session: Session, assignments: list[int], users: set[int] | None, condition: ColumnElement[bool]
) -> set[tuple[int, int]]:
    """Student and assignment of the submissions of which something holds."""
    found = select(Submission.user_id, Submission.assignment_id).where(
        Submission.assignment_id.in_(assignments), condition
    )
    if users is not None:
        found = found.where(Submission.user_id.in_(users))
    return {(user, assignment) for user, assignment in session.execute(found.distinct()) if assignment is not None}
