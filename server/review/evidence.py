"""Everything that is known of a submission's grading, for staff. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from grader.report import Report, Verdict
from server.course import terms
from server.course.terms import Terms
from server.i18n import mark
from server.models import (
    Assignment,
    Extension,
    Grading,
    GradingKind,
    Membership,
    Regrade,
    Result,
    Review,
    Submission,
    User,
)
from server.review.bundle import Order

KINDS = {
    GradingKind.SHADOW: mark("regrade, not published"),
    GradingKind.FINAL: mark("with the hidden tests"),
    GradingKind.PAST: mark("replaced"),
    GradingKind.DEVICE: mark("on a GPU"),
}


@dataclass(frozen=True)
class Other:
    """Another grading of the submission."""

    grading: Grading
    #: of the regrade that it belongs to; empty: none
    reason: str


@dataclass(frozen=True)
class Attempt:
    """Another thing that the student handed in for the assignment."""

    submission: Submission
    is_reviewed: bool


@dataclass(frozen=True)
class Evidence:
    """What a review page shows of one submission, besides the code and the review."""

    student: User
    #: None: has left the course
    member: Membership | None
    terms: Terms
    extension: Extension | None
    #: None: nothing counts yet
    result: Result | None
    attempts: Sequence[Attempt]
    gradings: Sequence[Other]
    days_late: int


def read(session: Session, submission: Submission, assignment: Assignment) -> Evidence:
    """Read what there is."""
    student = session.get_one(User, submission.user_id)
    extension = session.scalar(
        select(Extension).where(Extension.assignment_id == assignment.id, Extension.user_id == student.id)
    )
    its = terms.read_terms(assignment, extension)
    member = select(Membership).where(Membership.course_id == assignment.course_id, Membership.user_id == student.id)
    return Evidence(
        student=student,
        member=session.scalar(member),
        terms=its,
        extension=extension,
        result=session.get(Result, (assignment.id, student.id)),
        attempts=_attempts(session, submission),
        gradings=_gradings(session, submission),
        days_late=terms.days_late(its, submission.created_at),
    )


def _attempts(session: Session, submission: Submission) -> list[Attempt]:
    found = session.execute(
        select(Submission, Review.published_at)
        .outerjoin(Review, Review.submission_id == Submission.id)
        .where(Submission.user_id == submission.user_id, Submission.assignment_id == submission.assignment_id)
        .order_by(Submission.attempt.desc())
    )
    return [Attempt(each, published is not None) for each, published in found]


def _gradings(session: Session, submission: Submission) -> list[Other]:
    found = session.execute(
        select(Grading, Regrade.reason)
        .outerjoin(Regrade, Regrade.id == Grading.regrade_id)
        .where(Grading.submission_id == submission.id)
        .order_by(Grading.created_at.desc(), Grading.id)
    )
    return [Other(grading, reason or "") for grading, reason in found]


def find_grading(session: Session, submission: Submission, id: str) -> Grading | None:
    """Another grading of this submission, with its report; None: it has none of that id."""
    mine = (Grading.id == id) & (Grading.submission_id == submission.id)
    return session.scalar(select(Grading).where(mine).options(undefer(Grading.report)))


def order(submission: Submission, graded: Submission | Grading, report: Report | None) -> Order:
    """What grades it again as it was then."""
    return Order(
        slug=submission.slug,
        file_name=submission.file_name,
        seed=(report.seed if report else "") or graded.seed or "",
        device=report.device if report else "",
        version=graded.exercise_version or (report.exercise_version if report else ""),
    )


def took(graded: Submission | Grading) -> timedelta | None:
    """How long the grading took; None: it is not over."""
    if graded.started_at is None or graded.finished_at is None:
        return None
    return graded.finished_at - graded.started_at


def waited(submission: Submission) -> timedelta | None:
    """How long it waited for its grading; None: it has not begun."""
    return submission.started_at - submission.created_at if submission.started_at else None


def count_passed(report: Report) -> int:
    """How many tests passed."""
    return sum(test.verdict is Verdict.PASSED for test in report.tests)
