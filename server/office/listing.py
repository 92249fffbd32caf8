"""Long lists, a page at a time, cut by the database. Knows the database, not Flask."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.submission.history import Page

PAGE_SIZE = 50

T = TypeVar("T")


def cut(session: Session, query: Select[T], number: int, size: int = PAGE_SIZE) -> Page[T]:
    """A page of a query for one thing; a number beyond the ends gives the nearest."""
    number, count, found = _place(session, query, number, size)
    return Page(session.scalars(query.limit(size).offset((number - 1) * size)).unique().all(), number, count, found)


def cut_rows(session: Session, query: Select[*tuple[Any, ...]], number: int, size: int = PAGE_SIZE) -> Page[Any]:
    """A page of a query for several things in a row."""
    number, count, found = _place(session, query, number, size)
    return Page(session.execute(query.limit(size).offset((number - 1) * size)).unique().all(), number, count, found)


def _place(session: Session, query: Select[*tuple[Any, ...]], number: int, size: int) -> tuple[int, int, int]:
    found = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    count = max(1, -(-found // size))
    return min(max(number, 1), count), count, found
