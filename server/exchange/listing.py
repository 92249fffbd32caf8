"""What pages list of the exchange: assignments and what was handed in, in an order, by pages.

The number of queries does not grow with what is listed. Knows no Flask.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, and_, distinct, func, or_, select
from sqlalchemy.orm import Session, joinedload

from server.exchange.submissions import Filter, choose
from server.models import ExchangeAssignment, ExchangeFeedback, ExchangeRelease, ExchangeSubmission, User
from server.office.listing import cut_rows
from server.submission.history import Page

MAX_QUERY = 100


class Sort(StrEnum):
    """What submissions are sorted by."""

    TIME = "time"
    STUDENT = "student"
    VERSION = "version"
    SIZE = "size"
    FEEDBACK = "feedback"


_KEYS: dict[Sort, tuple[Any, ...]] = {
    Sort.TIME: (),
    Sort.STUDENT: (func.lower(User.name), User.login),
    Sort.VERSION: (ExchangeSubmission.version,),
    Sort.SIZE: (ExchangeSubmission.size,),
    # Without any counts as the earliest, whatever the database thinks of nothing.
    Sort.FEEDBACK: (ExchangeFeedback.released_at.is_not(None), ExchangeFeedback.released_at),
}


@dataclass(frozen=True)
class Choice:
    """Which of an assignment's submissions are shown, and in which order, as the address says it."""

    #: parts of a student's name or user name
    query: str = ""
    #: only what is collected: the last one of each student
    is_last: bool = False
    sort: Sort = Sort.TIME
    #: "up" or "down"; empty: as people expect of that order
    order: str = ""

    @property
    def is_descending(self) -> bool:
        """Whether the largest comes first: of moments, unless the reader wishes otherwise."""
        return self.order == "down" or (not self.order and self.sort in (Sort.TIME, Sort.FEEDBACK))

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.query or self.is_last)

    def arguments(self) -> dict[str, str]:
        """What an address says of it; what is as usual is left out."""
        found = {
            "q": self.query,
            "last": "yes" if self.is_last else "",
            "sort": "" if self.sort is Sort.TIME else self.sort.value,
            "order": self.order,
        }
        return {name: value for name, value in found.items() if value}

    def sorted_by(self, sort: str) -> dict[str, str]:
        """The address' words for another order; for the same one, the other way round."""
        order = "" if sort != self.sort else "up" if self.is_descending else "down"
        return replace(self, sort=Sort(sort), order=order).arguments()


def read_choice(arguments: Mapping[str, str]) -> Choice:
    """Read what an address says; what makes no sense is as if it were not there."""
    sort, order = arguments.get("sort"), arguments.get("order", "")
    return Choice(
        query=arguments.get("q", "").replace("\0", "").strip()[:MAX_QUERY],
        is_last=arguments.get("last") == "yes",
        sort=next((each for each in Sort if each == sort), Sort.TIME),
        order=order if order in ("up", "down") else "",
    )


def read_assignments(session: Session, course_id: int, number: int) -> Page[Row[Any]]:
    """A page of a course's assignments by name: assignment, newest release, submissions, students, feedback.

    The numbers are of what was not taken out.
    """
    newest = (
        select(func.max(ExchangeRelease.version))
        .where(ExchangeRelease.assignment_id == ExchangeAssignment.id)
        .correlate(ExchangeAssignment)
        .scalar_subquery()
    )
    counted = (
        select(
            ExchangeSubmission.assignment_id,
            func.count().label("submissions"),
            func.count(distinct(ExchangeSubmission.user_id)).label("students"),
            func.count(ExchangeFeedback.submission_id).label("feedback"),
        )
        .outerjoin(ExchangeFeedback, ExchangeFeedback.submission_id == ExchangeSubmission.id)
        .where(ExchangeSubmission.removed_at.is_(None))
        .group_by(ExchangeSubmission.assignment_id)
        .subquery()
    )
    wanted = (
        select(
            ExchangeAssignment,
            ExchangeRelease,
            *(func.coalesce(counted.c[name], 0).label(name) for name in ("submissions", "students", "feedback")),
        )
        .join(
            ExchangeRelease,
            and_(ExchangeRelease.assignment_id == ExchangeAssignment.id, ExchangeRelease.version == newest),
        )
        .outerjoin(counted, counted.c.assignment_id == ExchangeAssignment.id)
        .where(ExchangeAssignment.course_id == course_id)
        .order_by(ExchangeAssignment.name)
        .options(joinedload(ExchangeRelease.by))
    )
    return cut_rows(session, wanted, number)


def read_releases(session: Session, assignment: ExchangeAssignment) -> Sequence[ExchangeRelease]:
    """All versions of an assignment, the newest first."""
    its = select(ExchangeRelease).where(ExchangeRelease.assignment_id == assignment.id)
    return session.scalars(its.order_by(ExchangeRelease.version.desc()).options(joinedload(ExchangeRelease.by))).all()


def read_submissions(
    session: Session, assignment: ExchangeAssignment, choice: Choice, number: int
) -> Page[Row[ExchangeSubmission, ExchangeFeedback | None]]:
    """A page of what was handed in for an assignment, each with its feedback."""
    its = Filter(
        course_id=assignment.course_id, name=assignment.name, is_last=choice.is_last, with_removed=not choice.is_last
    )
    wanted = _with_feedback(its).join(User, User.id == ExchangeSubmission.user_id)
    for word in choice.query.split():
        wanted = wanted.where(or_(*(text.icontains(word, autoescape=True) for text in (User.name, User.login))))
    # The last two make the order whole: no two submissions are equal in it.
    keys = (*_KEYS[choice.sort], ExchangeSubmission.created_at, ExchangeSubmission.id)
    return cut_rows(
        session, wanted.order_by(*(key.desc() if choice.is_descending else key.asc() for key in keys)), number
    )


def find_last(session: Session, assignment: ExchangeAssignment, ids: Collection[str]) -> set[str]:
    """Those of some submissions that are collected."""
    its = choose(Filter(course_id=assignment.course_id, name=assignment.name, is_last=True))
    return set(session.scalars(its.with_only_columns(ExchangeSubmission.id).where(ExchangeSubmission.id.in_(ids))))


def read_own(
    session: Session, user_id: int, number: int, size: int, course_id: int | None = None
) -> Page[Row[ExchangeSubmission, ExchangeFeedback | None]]:
    """A page of what somebody handed in, in a course or anywhere, the newest first, each with its feedback."""
    newest = (ExchangeSubmission.created_at.desc(), ExchangeSubmission.id.desc())
    wanted = _with_feedback(Filter(user_id=user_id, course_id=course_id)).order_by(*newest)
    loaded = joinedload(ExchangeSubmission.assignment).joinedload(ExchangeAssignment.course)
    return cut_rows(session, wanted.options(loaded), number, size)


def has_own(session: Session, user_id: int) -> bool:
    """Whether somebody has handed in anything."""
    mine = select(ExchangeSubmission.id).where(ExchangeSubmission.user_id == user_id)
    return session.scalar(mine.limit(1)) is not None


def _with_feedback(chosen: Filter) -> Select[ExchangeSubmission, ExchangeFeedback]:
    ids = choose(chosen).with_only_columns(ExchangeSubmission.id)
    its = ExchangeFeedback.submission_id == ExchangeSubmission.id
    return select(ExchangeSubmission, ExchangeFeedback).outerjoin(ExchangeFeedback, its).where(
        ExchangeSubmission.id.in_(ids)
    )  # fmt: skip
