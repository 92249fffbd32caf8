"""Pages of long lists: a cursor, which is the key of the last entry that was seen, instead of a number.

New entries then move nothing: who goes on from a cursor sees every older entry once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from flask import request, url_for
from msgspec import UNSET, UnsetType

from server.api.meta import about
from server.api.operation import Query
from server.i18n import mark

T = TypeVar("T")

NO_CURSOR = mark("There is no such entry. Begin again without it.")

#: the header that leads to the next page
LINK = {"Link": mark("The address of the next page, with rel=next; missing on the last one.")}


class PageQuery(Query):
    """Which page of a list."""

    limit: Annotated[int, about("Entries of one page.", ge=1, le=100)] = 20
    after: (
        Annotated[
            str, about("Begin after this entry: the value of next in the previous page.", min_length=1, max_length=80)
        ]
        | UnsetType
    ) = UNSET


def cut(entries: Sequence[T], key: Callable[[T], str], query: PageQuery) -> tuple[Sequence[T], str | None] | None:
    """One page of entries that are all at hand, and the next one's cursor; None: nothing has that cursor."""
    start = 0
    if query.after is not UNSET:
        start = next((place for place, each in enumerate(entries, 1) if key(each) == query.after), 0)
        if not start:
            return None
    found = entries[start : start + query.limit]
    return found, key(found[-1]) if start + query.limit < len(entries) else None


def links(cursor: str | None) -> dict[str, str]:
    """The header that leads on, with everything else that was asked for."""
    if cursor is None:
        return {}
    where = {**request.args.to_dict(), **(request.view_args or {}), "after": cursor}
    return {"Link": f'<{url_for(request.endpoint or "", **where)}>; rel="next"'}
