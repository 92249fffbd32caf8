"""What an exercise is to somebody now: practice, or an assignment of a course, with their own terms. Knows no Flask."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, joinedload

from grader.report import Owner
from server.course import terms
from server.course.guards import find_guards
from server.course.terms import ALWAYS, Terms
from server.models import Assignment, Course, Extension, Membership, Result, Role, Submission

_NEVER, _ALWAYS = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Offer:
    """One exercise for one person."""

    assignment: Assignment | None = None
    terms: Terms = ALWAYS
    #: late days of the course that are left
    late_days: int = 0

    @property
    def course(self) -> Course | None:
        """The course that it counts for; None: it is practice."""
        return self.assignment.course if self.assignment else None

    @property
    def is_extended(self) -> bool:
        """Whether the student has an extension that changes something."""
        return terms.read_terms(self.assignment) != replace(self.terms, guards=())

    @property
    def counts_for(self) -> int | None:
        """What submissions say that they were handed in for; None: practice."""
        return self.assignment.id if self.assignment and self.assignment.course_id else None


#: an exercise that nobody has assigned
PRACTICE = Offer()


def find_offer(session: Session, slug: str, user_id: int | None, now: datetime) -> Offer:
    """What an exercise is to somebody; ``user_id`` None: to a visitor."""
    return find_offers(session, user_id, now, slug).get(slug, PRACTICE)


def find_offers(session: Session, user_id: int | None, now: datetime, slug: str | None = None) -> dict[str, Offer]:
    """All exercises that have terms, by slug. An assignment of a course comes before terms for everybody.

    Where it is practice, what other courses keep hidden stays hidden.
    """
    common = Assignment.course_id.is_(None)
    mine = select(Membership.course_id).join(Course).where(
        Membership.user_id == user_id, Membership.role == Role.STUDENT, Course.archived_at.is_(None)
    )  # fmt: skip
    wanted = common if user_id is None else or_(common, and_(Assignment.course_id.in_(mine), Assignment.is_published))
    found = (
        select(Assignment, Extension)
        .outerjoin(Extension, and_(Extension.assignment_id == Assignment.id, Extension.user_id == user_id))
        .where(wanted)
        .options(joinedload(Assignment.course))
        .order_by(Assignment.id)
    )
    if slug is not None:
        found = found.where(Assignment.slug == slug)
    candidates: dict[str, list[tuple[Assignment, Terms]]] = {}
    for assignment, extension in session.execute(found):
        candidates.setdefault(assignment.slug, []).append((assignment, terms.read_terms(assignment, extension)))
    chosen = {key: _choose(each, now) for key, each in candidates.items()}
    left = _late_days_left(session, user_id, [each for each, _its in chosen.values() if each.course_id])
    offers = {key: Offer(each, its, left.get(each.id, 0)) for key, (each, its) in chosen.items()}
    for key, guards in find_guards(session, None if slug is None else [slug]).items():
        offer = offers.get(key, PRACTICE)
        if offer.course is None:
            offers[key] = replace(offer, terms=replace(offer.terms, guards=guards))
    return offers


def _choose(candidates: Iterable[tuple[Assignment, Terms]], now: datetime) -> tuple[Assignment, Terms]:
    """Of several courses, the one that takes something in and is due first; then what opens next, then what closed."""

    def rank(candidate: tuple[Assignment, Terms]) -> tuple[bool, int, float]:
        assignment, its = candidate
        refusal = terms.check(its, now, -1)
        opens, closes = its.opens_at or _ALWAYS, its.closes_at or _NEVER
        state = 0 if refusal is None else 1 if now < opens else 2
        moment = (its.due_at or _NEVER, opens, closes)[state].timestamp()
        return assignment.course_id is None, state, -moment if state == 2 else moment

    return min(candidates, key=rank)


def _late_days_left(session: Session, user_id: int | None, assignments: Collection[Assignment]) -> dict[int, int]:
    """Late days of the course that somebody has left for each assignment: those that others have not taken."""
    courses = {each.course_id for each in assignments}
    if user_id is None or not courses:
        return {}
    budget = func.coalesce(Membership.late_days, Course.late_days)
    mine = select(Membership.course_id, budget).join(Course, Course.id == Membership.course_id)
    budgets = dict(session.execute(mine.where(Membership.user_id == user_id, Membership.course_id.in_(courses))).all())
    taken = select(Assignment.course_id, Assignment.id, Result.late_days).join(
        Result, Result.assignment_id == Assignment.id
    )
    spent = session.execute(taken.where(Result.user_id == user_id, Assignment.course_id.in_(courses))).all()
    return {
        each.id: max(
            0,
            budgets.get(each.course_id or 0, 0)
            - sum(days for course, id, days in spent if course == each.course_id and id != each.id),
        )
        for each in assignments
    }


@dataclass(frozen=True)
class Use:
    """What somebody has used of an offer so far."""

    attempts: int = 0
    last_at: datetime | None = None


def use_of(session: Session, offer: Offer, user_id: int, slug: str) -> Use:
    """Count the attempts that count, those that wait included."""
    counted = ~Submission.is_free & (Submission.owner.is_(None) | (Submission.owner == Owner.STUDENT))
    mine = select(func.count(), func.max(Submission.created_at)).where(
        Submission.user_id == user_id,
        Submission.slug == slug,
        Submission.assignment_id == offer.counts_for if offer.counts_for else Submission.assignment_id.is_(None),
        counted,
    )
    return Use(*session.execute(mine).one())
