"""A course's submissions: filtered, in an order, by pages; what comes before and after one. Knows no Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from server.models import (
    Assignment,
    Membership,
    RegradeRequest,
    RequestState,
    Result,
    Review,
    State,
    Submission,
    User,
)
from server.office.listing import cut
from server.review.filter import Filter, Reviewed, Sort
from server.submission.history import Page


@dataclass(frozen=True)
class Entry:
    """One line of the list."""

    id: str
    slug: str
    assignment_id: int
    attempt: int
    created_at: datetime
    state: State
    score: float | None
    max_score: float | None
    credit: float
    is_provisional: bool
    login: str
    name: str
    number: str
    section: str
    counts: bool
    reviewed: Reviewed
    has_request: bool


@dataclass(frozen=True)
class Neighbours:
    """The submissions before and after one, in the list's order; None: there is none."""

    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Overview:
    """What the list's filters offer."""

    assignments: Sequence[Assignment] = field(default_factory=list)
    #: how many students wait for an answer
    requests: int = 0


_OPEN = exists().where(RegradeRequest.submission_id == Submission.id, RegradeRequest.state == RequestState.OPEN)

_SHARE = func.coalesce(Submission.score / func.nullif(Submission.max_score, 0), literal(-1.0))

_KEYS: dict[Sort, tuple[Any, ...]] = {
    Sort.TIME: (),
    Sort.STUDENT: (func.lower(User.name), Assignment.slug),
    Sort.ASSIGNMENT: (Assignment.slug, func.lower(User.name)),
    Sort.ATTEMPT: (Submission.attempt,),
    Sort.SCORE: (_SHARE,),
}


def read_page(session: Session, course_id: int, chosen: Filter, number: int) -> Page[Entry]:
    """Read a page; a number beyond the ends gives the nearest."""
    keys = [each.desc() if chosen.is_descending else each.asc() for each in _keys(chosen)]
    wanted = _wanted(course_id, chosen).with_only_columns(Submission.id, maintain_column_froms=True)
    # First which, then what: so only a page of them is read in full.
    ids = cut(session, wanted.order_by(*keys), number)
    rows = {row.id: _entry(row) for row in session.execute(_joined(course_id).where(Submission.id.in_(ids.entries)))}
    return Page([rows[id] for id in ids.entries if id in rows], ids.number, ids.count, ids.found)


def read_after(session: Session, course_id: int, chosen: Filter, last: Submission | None, limit: int) -> list[Entry]:
    """Read so many submissions, the newest first, those that came before ``last``; None: from the newest on."""
    wanted = _wanted(course_id, chosen)
    keys = (Submission.created_at.expression, Submission.id.expression)
    if last is not None:
        wanted = wanted.where(tuple_(*keys) < tuple_(literal(last.created_at, keys[0].type), literal(last.id)))
    return [_entry(row) for row in session.execute(wanted.order_by(*(key.desc() for key in keys)).limit(limit))]


def find_neighbours(session: Session, course_id: int, chosen: Filter, id: str) -> Neighbours:
    """What comes before and after a submission, also when it is not in the list itself any more."""
    keys = _keys(chosen)
    here = session.execute(
        _joined(course_id).with_only_columns(*keys, maintain_column_froms=True).where(Submission.id == id)
    ).one_or_none()
    if here is None:
        return Neighbours()
    place = tuple_(*(literal(value, key.type) for value, key in zip(here, keys, strict=True)))
    wanted = _wanted(course_id, chosen).with_only_columns(Submission.id, maintain_column_froms=True).limit(1)
    smaller = wanted.where(tuple_(*keys) < place).order_by(*(key.desc() for key in keys))
    larger = wanted.where(tuple_(*keys) > place).order_by(*(key.asc() for key in keys))
    first, last = session.scalar(smaller), session.scalar(larger)
    return Neighbours(last, first) if chosen.is_descending else Neighbours(first, last)


def read_overview(session: Session, course_id: int) -> Overview:
    """Read what the filters offer."""
    assignments = (
        select(Assignment).where(Assignment.course_id == course_id).order_by(Assignment.due_at, Assignment.slug)
    )
    waiting = (
        select(func.count())
        .select_from(RegradeRequest)
        .join(Submission, Submission.id == RegradeRequest.submission_id)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Assignment.course_id == course_id, RegradeRequest.state == RequestState.OPEN)
    )
    return Overview(session.scalars(assignments).all(), session.scalar(waiting) or 0)


def _keys(chosen: Filter) -> tuple[ColumnElement[Any], ...]:
    # The last two make the order whole: no two submissions are equal in it.
    return (*_KEYS[chosen.sort], Submission.created_at.expression, Submission.id.expression)


def _joined(course_id: int) -> Select[Any]:
    """The submissions of a course, with all that the filters look at."""
    member = and_(Membership.user_id == Submission.user_id, Membership.course_id == course_id)
    result = and_(Result.assignment_id == Submission.assignment_id, Result.user_id == Submission.user_id)
    columns: tuple[Any, ...] = (
        Submission.id, Submission.slug, Submission.assignment_id, Submission.attempt, Submission.created_at,
        Submission.state, Submission.score, Submission.max_score, Submission.credit, Submission.is_provisional,
        User.login, User.name, Membership.number, Membership.section, Result.submission_id.label("counted"),
        Review.id.label("review"), Review.published_at, _OPEN.label("has_request"),
    )  # fmt: skip
    return (
        select(*columns)
        .select_from(Submission)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .join(User, User.id == Submission.user_id)
        .outerjoin(Membership, member)
        .outerjoin(Result, result)
        .outerjoin(Review, Review.submission_id == Submission.id)
        .where(Assignment.course_id == course_id)
    )


def _wanted(course_id: int, chosen: Filter) -> Select[Any]:
    wanted = _joined(course_id)
    if chosen.assignment is not None:
        wanted = wanted.where(Submission.assignment_id == chosen.assignment)
    if chosen.state is not None:
        wanted = wanted.where(Submission.state == chosen.state)
    if chosen.requests:
        wanted = wanted.where(_OPEN)
    if chosen.counts:
        wanted = wanted.where(Result.submission_id == Submission.id)
    if chosen.reviewed is not None:
        wanted = wanted.where(_is_reviewed(chosen.reviewed))
    for word in chosen.query.split():
        texts = (User.name, User.login, Membership.number, Membership.section)
        wanted = wanted.where(or_(*(text.icontains(word, autoescape=True) for text in texts)))
    return wanted


def _is_reviewed(reviewed: Reviewed) -> ColumnElement[bool]:
    if reviewed is Reviewed.NO:
        return Review.id.is_(None)
    is_draft = Review.published_at.is_(None)
    return and_(Review.id.is_not(None), is_draft if reviewed is Reviewed.DRAFT else ~is_draft)


def _entry(row: Row[Any]) -> Entry:
    reviewed = Reviewed.NO if row.review is None else Reviewed.PUBLISHED if row.published_at else Reviewed.DRAFT
    return Entry(
        id=row.id,
        slug=row.slug,
        assignment_id=row.assignment_id,
        attempt=row.attempt,
        created_at=row.created_at,
        state=row.state,
        score=row.score,
        max_score=row.max_score,
        credit=row.credit,
        is_provisional=row.is_provisional,
        login=row.login,
        name=row.name,
        number=row.number or "",
        section=row.section or "",
        counts=row.counted == row.id,
        reviewed=reviewed,
        has_request=row.has_request,
    )
