"""The assignments of a course as a list: what state each is in, and how far the students are. Knows no Flask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Executable, func, select
from sqlalchemy.orm import Session

from server.course import terms
from server.course.gradebook import list_assignments
from server.course.overview import Stage, stage
from server.course.results import points_of
from server.models import Assignment, Extension, Membership, Result, Role, Submission


@dataclass(frozen=True)
class Line:
    """One assignment of the list."""

    assignment: Assignment
    #: None: it is a draft
    stage: Stage | None
    #: points; None: not known before something was graded
    worth: float | None
    #: students who take part and have handed in, and those of them who have points
    handed_in: int
    graded: int
    extensions: int


def read(session: Session, course_id: int, now: datetime) -> list[Line]:
    """The assignments in order of their due dates, with a number of queries that does not grow."""
    assignments = list_assignments(session, course_id)
    worth = points_of(session, assignments)
    handed_in, graded = count_work(session, course_id)
    extended = select(Extension.assignment_id, func.count()).join(Assignment).where(Assignment.course_id == course_id)
    extensions = _pairs(session, extended.group_by(Extension.assignment_id))
    return [
        Line(
            each,
            stage_of(each, now),
            worth[each.id],
            handed_in.get(each.id, 0),
            graded.get(each.id, 0),
            extensions.get(each.id, 0),
        )
        for each in assignments
    ]


def stage_of(assignment: Assignment, now: datetime) -> Stage | None:
    """How far an assignment is now; None: it is a draft."""
    return stage(terms.read_terms(assignment), now) if assignment.is_published else None


def count_work(session: Session, course_id: int) -> tuple[dict[int, int], dict[int, int]]:
    """By assignment: students who have handed in, and students who have points."""
    students = select(Membership.user_id).where(Membership.course_id == course_id, Membership.role == Role.STUDENT)
    mine = select(Assignment.id).where(Assignment.course_id == course_id)
    handed_in = select(Submission.assignment_id, func.count(Submission.user_id.distinct())).where(
        Submission.assignment_id.in_(mine), Submission.user_id.in_(students)
    )
    graded = select(Result.assignment_id, func.count()).where(
        Result.assignment_id.in_(mine), Result.user_id.in_(students), Result.submission_id.is_not(None)
    )
    return (
        _pairs(session, handed_in.group_by(Submission.assignment_id)),
        _pairs(session, graded.group_by(Result.assignment_id)),
    )


def _pairs(session: Session, query: Executable) -> dict[int, int]:
    return {key: int(count) for key, count in session.execute(query)}
