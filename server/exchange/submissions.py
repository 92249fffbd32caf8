"""What is handed in with nbgrader: durable before anybody is told "received"; kept once, however often it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from server.db import Database
from server.exchange import again, releases
from server.exchange.content import Content
from server.exchange.refusal import ARCHIVED, NOT_RELEASED, STAYS, TOO_OFTEN, Refused
from server.models import Course, ExchangeAssignment, ExchangeRelease, ExchangeSubmission, User
from server.office import log
from server.office.log import Action
from server.store import Store

#: submissions of one person for one assignment within a day: each may be as large as an upload
MOST_A_DAY = 100
DAY = timedelta(days=1)
FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Draft:
    """What somebody wants to hand in."""

    course_id: int
    name: str
    user_id: int
    content: Content
    #: equal keys of one person are the same request
    key: str


@dataclass(frozen=True)
class Received:
    """What became of it."""

    id: str
    #: False: it was handed in before, with the same key
    is_new: bool = True
    #: whether what was handed in before with the same key is the same
    is_same: bool = True


@dataclass(frozen=True)
class Filter:
    """Which submissions; None: any."""

    course_id: int | None = None
    user_id: int | None = None
    #: of the course, of the assignment, of the student
    code: str | None = None
    name: str | None = None
    login: str | None = None
    #: only the last one of each student for each assignment
    is_last: bool = False
    #: then rather the last one until this moment, where there is one
    until: datetime | None = None
    #: also those that staff has taken out of what is collected
    with_removed: bool = False


def hand_in(database: Database, store: Store, draft: Draft, now: datetime) -> Received:
    """Keep a submission; on return it is durable. Raises Refused, and StoreError when it cannot be."""
    with database.reader() as session:
        # Before anything is written: who may not hand in leaves nothing behind.
        if _earlier(session, draft) is None:
            _check(session, draft, now)
    # Written outside of the transaction: nobody waits for this disk. Content without a row is harmless.
    blob = store.put(draft.content.raw)
    return again.write(database, lambda session: _hand_in(session, draft, blob, now))


def _hand_in(session: Session, draft: Draft, blob: str, now: datetime) -> Received:
    if earlier := _earlier(session, draft):
        its = earlier.assignment
        is_same = (earlier.blob, its.course_id, its.name) == (blob, draft.course_id, draft.name)
        return Received(earlier.id, is_new=False, is_same=is_same)
    current = _check(session, draft, now)
    made = ExchangeSubmission(
        assignment_id=current.assignment_id,
        user_id=draft.user_id,
        version=current.version,
        key=draft.key,
        blob=blob,
        size=len(draft.content.raw),
        notebooks=draft.content.notebooks,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return Received(made.id)


def _earlier(session: Session, draft: Draft) -> ExchangeSubmission | None:
    same = (ExchangeSubmission.user_id == draft.user_id) & (ExchangeSubmission.key == draft.key)
    return session.scalar(select(ExchangeSubmission).where(same))


def _check(session: Session, draft: Draft, now: datetime) -> ExchangeRelease:
    """The release that is handed in for. Raises Refused."""
    if session.get_one(Course, draft.course_id).archived_at:
        raise Refused(ARCHIVED)
    current = releases.find_current(session, draft.course_id, draft.name)
    if current is None:
        raise Refused(NOT_RELEASED, name=draft.name)
    recent = select(func.count()).select_from(ExchangeSubmission).where(
        ExchangeSubmission.user_id == draft.user_id,
        ExchangeSubmission.assignment_id == current.assignment_id,
        ExchangeSubmission.created_at > now - DAY,
    )  # fmt: skip
    if (session.scalar(recent) or 0) >= MOST_A_DAY:
        raise Refused(TOO_OFTEN, name=draft.name, count=MOST_A_DAY)
    return current


def choose(chosen: Filter) -> Select[ExchangeSubmission]:
    """A query for submissions. What staff has taken out is there for whoever handed it in, and for who asks for it."""
    if not chosen.is_last:
        return _join(select(ExchangeSubmission)).where(*_conditions(chosen))
    is_late = case((ExchangeSubmission.created_at <= (chosen.until or FOREVER), 0), else_=1)
    place = func.row_number().over(
        partition_by=(ExchangeSubmission.assignment_id, ExchangeSubmission.user_id),
        order_by=(is_late, ExchangeSubmission.created_at.desc(), ExchangeSubmission.id.desc()),
    )
    placed = _join(select(ExchangeSubmission.id, place.label("place"))).where(*_conditions(chosen)).subquery()
    return select(ExchangeSubmission).join(placed, (placed.c.id == ExchangeSubmission.id) & (placed.c.place == 1))


def _join(query: Select[Any]) -> Select[Any]:
    query = query.join(ExchangeAssignment, ExchangeAssignment.id == ExchangeSubmission.assignment_id)
    query = query.join(Course, Course.id == ExchangeAssignment.course_id)
    return query.join(User, User.id == ExchangeSubmission.user_id)


def _conditions(chosen: Filter) -> list[ColumnElement[bool]]:
    wanted = [
        (ExchangeAssignment.course_id, chosen.course_id),
        (Course.code, chosen.code),
        (ExchangeAssignment.name, chosen.name),
        (ExchangeSubmission.user_id, chosen.user_id),
        (User.login, chosen.login),
    ]
    found = [column == value for column, value in wanted if value is not None]
    is_all = chosen.user_id is not None or chosen.with_removed
    return found if is_all else [ExchangeSubmission.removed_at.is_(None), *found]


def find(session: Session, id: str, chosen: Filter) -> ExchangeSubmission | None:
    """A submission by its id, if it is one of those; None: it is not."""
    return session.scalar(choose(chosen).where(ExchangeSubmission.id == id))


def newest(session: Session, course_id: int, name: str, until: datetime | None = None) -> list[ExchangeSubmission]:
    """Of each student the last submission for an assignment, or rather the last one until a moment."""
    chosen = choose(Filter(course_id=course_id, name=name, is_last=True, until=until))
    return list(session.scalars(chosen.order_by(ExchangeSubmission.created_at, ExchangeSubmission.id)))


def remove(session: Session, submission: ExchangeSubmission, by_id: int, now: datetime) -> None:
    """Let nobody collect a submission any more. Whoever handed it in still sees that they did. Raises Refused."""
    assignment = submission.assignment
    if assignment.course.archived_at:
        raise Refused(STAYS)
    submission.removed_at = now
    log.write(
        session, Action.EXCHANGE_REMOVED, by_id, now, course_id=assignment.course_id, user_id=submission.user_id,
        subject=assignment.name, submission=submission.id,
    )  # fmt: skip
