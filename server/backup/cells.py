"""Values of rows as JSON, the same whichever database they come from and go to."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    DateTime,
    Float,
    Insert,
    Integer,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    bindparam,
    cast,
    insert,
    select,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from grader.errors import InfrastructureError

Cell = None | bool | int | float | str

#: a column's type -> its name in an archive; the first that fits
_KINDS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (JSON, "json"),
    (Boolean, "boolean"),
    (DateTime, "moment"),
    (LargeBinary, "bytes"),
    (Integer, "integer"),
    (Float, "float"),
    (String, "text"),
)


def kind_of(column: Column[Any]) -> str:
    """What a column keeps. Raises InfrastructureError where no archive can carry it."""
    for known, kind in _KINDS:
        if isinstance(column.type, known):
            return kind
    raise InfrastructureError(
        f"{column.table.name}.{column.name} has the type {column.type}, which no backup can carry. Add it to "
        "server/backup/cells.py.",
        f"{column.table.name}.{column.name} tem o tipo {column.type}, que nenhuma cópia de segurança guarda. "
        "Acrescente-o a server/backup/cells.py.",
    )


def reading(table: Table, is_sqlite: bool) -> Select[Any]:
    """Ask for all rows of a table, in the order of its key. JSON comes as the text that it is kept as."""
    return select(*(_as_kept(column, is_sqlite) for column in table.columns)).order_by(*table.primary_key.columns)


def _as_kept(column: Column[Any], is_sqlite: bool) -> ColumnElement[Any]:
    if kind_of(column) != "json":
        return column
    # SQLite has no such type: there it is a text already.
    return (type_coerce(column, Text) if is_sqlite else cast(column, Text)).label(column.name)


def writing(table: Table, is_sqlite: bool) -> Insert:
    """Insert rows into a table."""
    values: dict[str, Any] = {}
    for column in table.columns:
        if kind_of(column) != "json":
            values[column.name] = bindparam(column.name, type_=column.type)
        elif is_sqlite:
            values[column.name] = bindparam(column.name, type_=Text())
        else:
            values[column.name] = cast(bindparam(column.name, type_=Text()), column.type)
    return insert(table).values(values)


def to_cell(kind: str) -> Callable[[Any], Cell]:
    """What turns a value of a kind into JSON. Moments without a zone are in UTC."""
    known: dict[str, Callable[[Any], Cell]] = {"moment": _from_moment, "bytes": _from_bytes}
    return known.get(kind, _as_is)


def from_cell(kind: str, column: Column[Any]) -> Callable[[Any], Any]:
    """What turns JSON into a value of a kind, as this column takes it."""
    if kind == "moment":
        zoned = getattr(column.type, "timezone", False)
        return lambda cell: None if cell is None else _to_moment(cell, zoned)
    return _to_bytes if kind == "bytes" else _as_is


def _as_is(value: Any) -> Any:
    return value


def _from_moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return moment.isoformat()


def _to_moment(cell: str, zoned: bool) -> datetime:
    moment = datetime.fromisoformat(cell).astimezone(UTC)
    return moment if zoned else moment.replace(tzinfo=None)


def _from_bytes(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode("ascii")


def _to_bytes(cell: str | None) -> bytes | None:
    return None if cell is None else base64.b64decode(cell)
