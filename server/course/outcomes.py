"""What stands in one assignment, student by student, with everything that it follows from. Knows no Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Row, Select, and_, select
from sqlalchemy.orm import Session, undefer

from server.course.terms import Terms, extend, read_terms
from server.models import Assignment, Extension, Membership, Result, Review, Role, Submission


@dataclass(frozen=True)
class Outcome:
    """One student in one assignment."""

    member: Membership
    #: the student's own terms
    terms: Terms
    #: what counts; None: there is nothing yet
    result: Result | None
    #: the attempt that counts, with its report, and what staff wrote about it
    submission: Submission | None
    review: Review | None


def students_of(course_id: int) -> Select[Membership]:
    """Who is a student there, to be ordered and cut."""
    mine = (Membership.course_id == course_id) & (Membership.role == Role.STUDENT)
    return select(Membership).join(Membership.user).where(mine)


def read(session: Session, assignment: Assignment, members: Sequence[Membership]) -> list[Outcome]:
    """Read what stands for these students, in two statements however many they are."""
    users = [each.user_id for each in members]
    found = {row[0].user_id: row for row in session.execute(_results(assignment.id, users))}
    given = select(Extension).where(Extension.assignment_id == assignment.id, Extension.user_id.in_(users))
    extensions = {each.user_id: each for each in session.scalars(given)}
    common = read_terms(assignment)
    return [_outcome(each, common, extensions.get(each.user_id), found.get(each.user_id)) for each in members]


def _results(assignment: int, users: Sequence[int]) -> Select[Result, Submission, Review]:
    return (
        select(Result, Submission, Review)
        .outerjoin(Submission, Submission.id == Result.submission_id)
        .outerjoin(Review, and_(Review.submission_id == Result.submission_id))
        .where(Result.assignment_id == assignment, Result.user_id.in_(users))
        .options(undefer(Submission.report))
    )


def _outcome(
    member: Membership, common: Terms, extension: Extension | None, row: Row[Result, Submission, Review] | None
) -> Outcome:
    terms = extend(common, extension) if extension else common
    return Outcome(member, terms, *row) if row is not None else Outcome(member, terms, None, None, None)
