"""Pages that the database cuts: what comes after the entry that was seen last, in a whole order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from server.api import problem
from server.api.page import NO_CURSOR
from server.context import _
from server.models import User

T = TypeVar("T")

#: columns that make an order whole
Keys = Sequence[ColumnElement[Any]]


def after(query: Select[Any], keys: Keys, last: Sequence[Any], *, descending: bool = False) -> Select[Any]:
    """Only what comes after the entry with these values."""
    place = tuple_(*(literal(value, key.type) for value, key in zip(last, keys, strict=True)))
    return query.where(tuple_(*keys) < place if descending else tuple_(*keys) > place)


def split(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """One entry more was asked for than a page has: the page, and its last entry if there is another page."""
    shown = found[:limit]
    return shown, shown[-1] if len(found) > limit else None


def refuse_cursor() -> NoReturn:
    """There is no entry with the cursor that was sent."""
    problem.refuse("invalid", errors={"after": _(NO_CURSOR)})


def number(cursor: str) -> int:
    """The number that a cursor is; 0, which nothing has: it is none."""
    return int(cursor) if cursor.isascii() and cursor.isdecimal() and len(cursor) < 10 else 0


def after_name(user: User) -> ColumnElement[bool]:
    """Whoever comes after somebody by name, and by user name where names are the same."""
    # As the database writes it small, in which the order is made.
    small = func.lower(User.name)
    end = select(small).where(User.id == user.id).correlate(None).scalar_subquery()
    return (small > end) | ((small == end) & (User.login > user.login))
