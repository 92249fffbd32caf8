"""Keeps in step what counts for each student in each assignment of a course. Knows no Flask.

Everything follows from submissions, terms, extensions, late days and published reviews, so it can be worked out anew at
any time; whatever changes one of them calls ``settle``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from grader.report import Owner
from server.course import terms
from server.course.terms import Terms
from server.models import (
    Assignment,
    Counting,
    Course,
    Extension,
    Membership,
    Result,
    Review,
    Role,
    RubricItem,
    RubricMark,
    Submission,
)

_NEVER = datetime.max.replace(tzinfo=UTC)


class Attempt(NamedTuple):
    """What matters of a submission here."""

    id: str
    attempt: int
    created_at: datetime
    score: float | None
    max_score: float | None
    owner: Owner | None
    is_free: bool = False


@dataclass(frozen=True)
class Standing:
    """What counts for one student in one assignment."""

    #: the attempt that counts; None: none has points
    chosen: Attempt | None
    attempts: int
    days_late: int
    late_days: int
    #: part of the points that was earned, after what being late costs; None: none yet
    share: float | None
    #: by attempt: the part of its score that it keeps, or would if it counted
    credits: Mapping[str, float]


def stand(work: Iterable[tuple[int, Terms, Sequence[Attempt]]], late_days: int) -> dict[int, Standing]:
    """What counts for one student, by assignment.

    ``work``: for each assignment its id, the student's terms and attempts. Late days go to the assignments in order of
    their due dates, each taking what the attempt that counts there needs and what is left.
    """
    found: dict[int, Standing] = {}
    left = late_days
    for assignment, its, attempts in sorted(work, key=lambda each: (each[1].due_at or _NEVER, each[0])):
        found[assignment] = standing = _stand(its, attempts, left)
        left -= standing.late_days
    return found


def _stand(its: Terms, attempts: Sequence[Attempt], left: int) -> Standing:
    credits = {each.id: terms.credit(its, each.created_at, left) for each in attempts}
    scored = [each for each in attempts if each.max_score and each.score is not None]
    counted = sum(not each.is_free and each.owner in (None, Owner.STUDENT) for each in attempts)
    if not scored:
        return Standing(None, counted, 0, 0, None, credits)

    def share(each: Attempt) -> float:
        return (each.score or 0.0) / (each.max_score or 1.0) * credits[each.id]

    if its.counting is Counting.LAST:
        chosen = max(scored, key=lambda each: each.attempt)
    else:
        chosen = max(scored, key=lambda each: (share(each), each.score or 0.0, -each.attempt))
    late = terms.days_late(its, chosen.created_at)
    return Standing(chosen, counted, late, terms.late_days(its, chosen.created_at, left), share(chosen), credits)


def total(earned: float | None, manual: float, override: float | None) -> float | None:
    """The points that count; None: none yet."""
    if override is not None:
        return override
    return None if earned is None and not manual else max(0.0, (earned or 0.0) + manual)


def points_of(session: Session, assignments: Iterable[Assignment]) -> dict[int, float | None]:
    """What assignments are worth, by id. Where nobody has said, as many points as the exercise's tests have.

    None: that is not known before something was graded.
    """
    every = list(assignments)
    open_ones = {each.slug for each in every if each.points is None}
    tests: dict[str, float | None] = {}
    if open_ones:
        most = select(Submission.slug, func.max(Submission.max_score)).where(Submission.slug.in_(open_ones))
        tests = dict(session.execute(most.group_by(Submission.slug)).all())
    return {each.id: tests.get(each.slug) if each.points is None else each.points for each in every}


def settle(
    session: Session,
    course_id: int,
    now: datetime,
    users: Collection[int] | None = None,
    assignment: int | None = None,
) -> None:
    """Work out anew what counts in a course for these students; None: for everybody who takes part.

    ``assignment``: the only one that has changed. Where late days are shared with others, those are worked out as well.
    """
    session.flush()
    found = select(Assignment).where(Assignment.course_id == course_id)
    assignments = {each.id: each for each in session.scalars(found)}
    if assignment is not None and not any(each.uses_late_days for each in assignments.values()):
        assignments = {id: each for id, each in assignments.items() if id == assignment}
    people = _budgets(session, course_id, users) if assignments else {}
    if not people:
        return
    attempts, credits = _attempts(session, assignments, people)
    extensions = _extensions(session, assignments, people)
    manual = _manual(session, assignments, people)
    kept = _kept(session, assignments, people)
    plain = {id: terms.read_terms(each) for id, each in assignments.items()}
    changes = _Changes(now)
    for user, late_days in people.items():
        work = [
            (id, terms.extend(plain[id], extensions[id, user]) if (id, user) in extensions else plain[id], mine)
            for id in assignments
            if (mine := attempts.get((id, user), [])) or (id, user) in kept
        ]
        for id, standing in stand(work, late_days).items():
            changes.note(id, user, kept.get((id, user)), _row(standing, assignments[id].points, manual))
            changes.credits += [
                {"id": key, "credit": credit} for key, credit in standing.credits.items() if credits[key] != credit
            ]
    changes.write(session)


class _Kept(NamedTuple):
    """A result as it stands."""

    submission_id: str | None
    attempts: int
    days_late: int
    late_days: int
    earned: float | None
    manual: float
    points: float | None
    override: float | None


class _Changes:
    """What is to be written: in three statements, however much it is."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.new: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []
        self.credits: list[dict[str, Any]] = []

    def note(self, assignment: int, user: int, before: _Kept | None, row: dict[str, Any]) -> None:
        """Take a result; one that is as it was is not written."""
        row["points"] = total(row["earned"], row["manual"], before.override if before else None)
        if before is not None and all(getattr(before, name) == value for name, value in row.items()):
            return
        key = {"assignment_id": assignment, "user_id": user}
        (self.new if before is None else self.changed).append({**key, **row, "updated_at": self.now})

    def write(self, session: Session) -> None:
        """Write everything."""
        if self.new:
            session.execute(insert(Result), self.new)
        if self.changed:
            session.execute(update(Result), self.changed)
        if self.credits:
            session.execute(update(Submission), self.credits)


def _row(standing: Standing, worth: float | None, manual: Mapping[str, float]) -> dict[str, Any]:
    chosen = standing.chosen
    earned = None
    if chosen is not None and standing.share is not None:
        earned = standing.share * (chosen.max_score or 0.0 if worth is None else worth)
    return {
        "submission_id": chosen.id if chosen else None,
        "attempts": standing.attempts,
        "days_late": standing.days_late,
        "late_days": standing.late_days,
        "earned": earned,
        "manual": manual.get(chosen.id, 0.0) if chosen else 0.0,
    }


def _budgets(session: Session, course_id: int, users: Collection[int] | None) -> dict[int, int]:
    """The students, with the late days of each. Who has left the course keeps what stands."""
    found = (
        select(Membership.user_id, func.coalesce(Membership.late_days, Course.late_days))
        .join(Course, Course.id == Membership.course_id)
        .where(Membership.course_id == course_id, Membership.role == Role.STUDENT)
    )
    if users is not None:
        found = found.where(Membership.user_id.in_(users))
    return dict(session.execute(found).all())


def _attempts(
    session: Session, assignments: Collection[int], people: Collection[int]
) -> tuple[defaultdict[tuple[int, int], list[Attempt]], dict[str, float]]:
    """The attempts by assignment and student, and the credit of each as it stands."""
    columns: tuple[Any, ...] = (
        Submission.assignment_id, Submission.user_id, Submission.credit, Submission.id, Submission.attempt,
        Submission.created_at, Submission.score, Submission.max_score, Submission.owner, Submission.is_free,
    )  # fmt: skip
    found = select(*columns).where(Submission.assignment_id.in_(assignments))
    if len(people) == 1:
        found = found.where(Submission.user_id.in_(people))
    attempts: defaultdict[tuple[int, int], list[Attempt]] = defaultdict(list)
    credits: dict[str, float] = {}
    for assignment, user, credit, *rest in session.execute(found):
        attempt = Attempt(*rest)
        attempts[assignment, user].append(attempt)
        credits[attempt.id] = credit
    return attempts, credits


def _extensions(
    session: Session, assignments: Collection[int], people: Collection[int]
) -> dict[tuple[int, int], Extension]:
    found = session.scalars(select(Extension).where(Extension.assignment_id.in_(assignments)))
    return {(each.assignment_id, each.user_id): each for each in found if each.user_id in people}


def _manual(session: Session, assignments: Collection[int], people: Collection[int]) -> dict[str, float]:
    """Points of published reviews, by submission."""
    found = (
        select(RubricMark.submission_id, func.sum(RubricItem.points))
        .join(RubricItem, RubricItem.id == RubricMark.item_id)
        .join(Review, Review.submission_id == RubricMark.submission_id)
        .where(RubricItem.assignment_id.in_(assignments), Review.published_at.is_not(None))
        .group_by(RubricMark.submission_id)
    )
    if len(people) == 1:
        found = found.join(Submission, Submission.id == RubricMark.submission_id).where(Submission.user_id.in_(people))
    return {submission: float(points) for submission, points in session.execute(found)}


def _kept(session: Session, assignments: Collection[int], people: Collection[int]) -> dict[tuple[int, int], _Kept]:
    columns: tuple[Any, ...] = tuple(getattr(Result, name) for name in _Kept._fields)
    found = select(Result.assignment_id, Result.user_id, *columns).where(Result.assignment_id.in_(assignments))
    if len(people) == 1:
        found = found.where(Result.user_id.in_(people))
    return {(assignment, user): _Kept(*rest) for assignment, user, *rest in session.execute(found)}
