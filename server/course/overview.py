"""What a course's first page says, to its students and to its staff. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from server.course import members, results, terms
from server.course.terms import Terms
from server.i18n import mark
from server.models import (
    Assignment,
    Course,
    Extension,
    Membership,
    RegradeRequest,
    RequestState,
    Result,
    Role,
    State,
    Submission,
)

OPEN_STATES = (State.RECEIVED, State.RUNNING)
#: deadlines that are named
NEXT = 5


class Stage(StrEnum):
    """Where an assignment is, for one student."""

    TO_COME = "to_come"
    OPEN = "open"
    LATE = "late"
    CLOSED = "closed"


STAGES = {
    Stage.TO_COME: mark("not open yet"),
    Stage.OPEN: mark("open"),
    Stage.LATE: mark("late"),
    Stage.CLOSED: mark("closed"),
}


def stage(its: Terms, now: datetime) -> Stage:
    """Where an assignment is by its dates."""
    if its.opens_at is not None and now < its.opens_at:
        return Stage.TO_COME
    if its.closes_at is not None and now > its.closes_at:
        return Stage.CLOSED
    return Stage.LATE if its.free_until is not None and now > its.free_until else Stage.OPEN


@dataclass(frozen=True)
class Line:
    """One assignment, for one student."""

    assignment: Assignment
    terms: Terms
    stage: Stage
    result: Result | None
    #: what it is worth; None: not known yet
    worth: float | None
    #: whether the points may be known already
    shows_points: bool
    #: whether something waits to be graded
    is_waiting: bool

    @property
    def attempts(self) -> int:
        """Attempts that were used."""
        return self.result.attempts if self.result else 0

    @property
    def points(self) -> float | None:
        """The points so far; None: there are none, or they are not shown yet."""
        return self.result.points if self.result and self.shows_points else None

    @property
    def share(self) -> float:
        """The part of the points that was earned, from 0 to 1."""
        return min(1.0, (self.points or 0.0) / self.worth) if self.worth else 0.0


@dataclass(frozen=True)
class Own:
    """A course for one student."""

    lines: list[Line]
    #: that are left, and that there were
    late_days_left: int
    late_days: int
    #: whether any assignment takes them
    uses_late_days: bool

    @property
    def points(self) -> float:
        """The points so far."""
        return sum(line.points or 0.0 for line in self.lines)

    @property
    def worth(self) -> float:
        """The points of all assignments, as far as they are known."""
        return sum(line.worth or 0.0 for line in self.lines)

    @property
    def share(self) -> float:
        """The part of all points that was earned."""
        return min(1.0, self.points / self.worth) if self.worth else 0.0


def read_own(session: Session, course: Course, member: Membership, now: datetime) -> Own:
    """A course as one of its students sees it."""
    mine = member.user_id
    found = session.execute(
        select(Assignment, Extension, Result)
        .outerjoin(Extension, and_(Extension.assignment_id == Assignment.id, Extension.user_id == mine))
        .outerjoin(Result, and_(Result.assignment_id == Assignment.id, Result.user_id == mine))
        .where(Assignment.course_id == course.id, Assignment.is_published)
        .order_by(Assignment.due_at.is_(None), Assignment.due_at, Assignment.id)
    ).all()
    worth = results.points_of(session, [each for each, _, _ in found])
    waiting = _waiting(session, course.id, mine)
    lines = [
        _line(assignment, terms.read_terms(assignment, extension), result, worth, waiting, now)
        for assignment, extension, result in found
    ]
    budget = member.late_day_budget
    spent = sum(line.result.late_days for line in lines if line.result)
    is_used = any(line.terms.uses_late_days for line in lines)
    return Own(lines, max(0, budget - spent), budget, bool(budget) and is_used)


def _line(
    assignment: Assignment,
    its: Terms,
    result: Result | None,
    worth: dict[int, float | None],
    waiting: set[int],
    now: datetime,
) -> Line:
    # Points that staff has set are told in any case.
    shows = terms.shows_points(its, now) or bool(result and result.override is not None)
    return Line(assignment, its, stage(its, now), result, worth[assignment.id], shows, assignment.id in waiting)


def _waiting(session: Session, course_id: int, user_id: int | None = None) -> set[int]:
    found = (
        select(Submission.assignment_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Assignment.course_id == course_id, Submission.state.in_(OPEN_STATES), Submission.user_id == user_id)
    )
    return {each for each in session.scalars(found) if each is not None}


@dataclass(frozen=True)
class Upcoming:
    """A date that is near."""

    assignment: Assignment
    at: datetime
    is_close: bool


@dataclass(frozen=True)
class Whole:
    """A course for its staff."""

    roles: dict[Role, int]
    published: int
    drafts: int
    submissions: int
    waiting: int
    failed: int
    requests: int
    upcoming: list[Upcoming]

    @property
    def students(self) -> int:
        """How many students there are."""
        return self.roles.get(Role.STUDENT, 0)

    @property
    def is_new(self) -> bool:
        """Whether something is still to be done before students can work."""
        return not (self.students and self.published)


def read_whole(session: Session, course: Course, now: datetime) -> Whole:
    """A course as its staff sees it."""
    assignments = session.scalars(select(Assignment).where(Assignment.course_id == course.id)).all()
    counted = (
        select(Submission.state, func.count(Submission.id))
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Assignment.course_id == course.id)
        .group_by(Submission.state)
    )
    states = dict(session.execute(counted).all())
    requests = session.scalar(
        select(func.count(RegradeRequest.id))
        .join(Submission, Submission.id == RegradeRequest.submission_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Assignment.course_id == course.id, RegradeRequest.state == RequestState.OPEN)
    )
    published = sum(each.is_published for each in assignments)
    return Whole(
        roles=members.count_roles(session, course.id),
        published=published,
        drafts=len(assignments) - published,
        submissions=sum(states.values()),
        waiting=sum(states.get(state, 0) for state in OPEN_STATES),
        failed=states.get(State.FAILED, 0),
        requests=requests or 0,
        upcoming=upcoming(assignments, now),
    )


def upcoming(assignments: Sequence[Assignment], now: datetime) -> list[Upcoming]:
    """The next dates on which something published is due or closes."""
    dates = [
        Upcoming(each, at, is_close)
        for each in assignments
        if each.is_published
        for at, is_close in ((each.due_at, False), (each.closes_at, True))
        if at is not None and at > now
    ]
    return sorted(dates, key=lambda each: (each.at, each.assignment.id))[:NEXT]
