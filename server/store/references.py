"""Which contents rows refer to: every column named ``blob`` is the key of one, in whatever tables there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnElement, MetaData, Select, select, union
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import CompoundSelect

from server.models import Base

#: keys that one statement asks for
PIECE = 500


def unused(session: Session, keys: Iterable[str]) -> list[str]:
    """Those contents that nothing has."""
    wanted = list(keys)
    used: set[str] = set()
    for start in range(0, len(wanted), PIECE):
        piece = wanted[start : start + PIECE]
        for column, is_kept in _columns(Base.metadata):
            used.update(session.scalars(select(column).where(is_kept, column.in_(piece))))
    return [key for key in wanted if key not in used]


def all_used(metadata: MetaData) -> CompoundSelect[Any]:
    """Ask for the keys of all contents that rows refer to, in order, each once."""
    each: list[Select[Any]] = [select(column.label("key")).where(is_kept) for column, is_kept in _columns(metadata)]
    return union(*each).order_by("key")


def _columns(metadata: MetaData) -> list[tuple[Column[Any], ColumnElement[bool]]]:
    """Each with what is so of rows whose content is still kept."""
    found = []
    for table in metadata.sorted_tables:
        if "blob" in table.columns:
            column = table.columns["blob"]
            # A submission without a file's name has lost its file by its age.
            is_kept = table.columns["file_name"] != "" if table.name == "submission" else column.is_not(None)
            found.append((column, is_kept))
    return found
