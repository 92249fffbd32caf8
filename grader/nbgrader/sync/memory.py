"""What both sides had after the last run: in a table of our own in the gradebook's database.

There it is written in the transaction that changes the gradebook, is seen by every instructor who uses that gradebook
on whichever computer, and goes back with it when a copy of the database is put back. Two gradebooks of one course each
have a memory of their own, as each stands differently to the portal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Column, MetaData, String, Table, Text, delete, insert, inspect, select, text
from sqlalchemy.orm import Session

from grader.access import Access

_TABLE = Table(
    "gradiente_sync",
    MetaData(),
    Column("portal", String(400), primary_key=True),
    Column("course", String(128), primary_key=True),
    Column("exercise", String(128), primary_key=True),
    #: empty: the assignment itself
    Column("student", String(128), primary_key=True),
    Column("state", Text, nullable=False),
)

#: who had the last word about somebody's points
PORTAL, GRADEBOOK, NOBODY = "portal", "gradebook", ""


@dataclass(frozen=True)
class Key:
    """An assignment of a portal."""

    portal: str
    course: str
    exercise: str = ""

    @staticmethod
    def of(access: Access, course: str, exercise: str = "") -> Key:
        """The one with this exercise."""
        return Key(access.url, course, exercise)


@dataclass(frozen=True)
class Known:
    """What is remembered of an assignment."""

    #: its id and its name in the gradebook; another id is another assignment, of which nothing is remembered
    id: str = ""
    name: str = ""
    #: the due date, as the portal and the gradebook had it
    due: tuple[str | None, str | None] = (None, None)
    #: ids of the cells that were made for tests; whoever made another one by a program may do with it as they like
    cells: tuple[str, ...] = ()


@dataclass(frozen=True)
class Past:
    """What is remembered of a student in an assignment."""

    #: what the portal and the gradebook had, by what it is
    items: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    #: what people gave in the gradebook, by cell
    hand: Mapping[str, Any] = field(default_factory=dict)
    #: points that were set by hand on the portal
    points: float | None = None
    word: str = NOBODY
    #: comments of people in the gradebook, by cell; on which submission they were written, and as which text
    remarks: Mapping[str, str] = field(default_factory=dict)
    submission: str = ""
    comment: str = ""


def lock(session: Session) -> None:
    """Begin: let no other run go on before this transaction ends, and make the table where there is none."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        # Other runs wait; nbgrader neither waits nor notices. It comes first: what is read after it is as they left it.
        session.execute(text("LOCK TABLE assignment IN SHARE UPDATE EXCLUSIVE MODE"))
    if not inspect(connection).has_table(_TABLE.name):
        _TABLE.create(connection)


def read_known(session: Session, key: Key) -> Known:
    """What is remembered of an assignment; nothing where there was none yet."""
    found = session.scalar(select(_TABLE.c.state).where(_of(key), _TABLE.c.student == ""))
    state = json.loads(found) if found else {}
    return Known(**{**state, "due": tuple(state["due"]), "cells": tuple(state["cells"])}) if state else Known()


def read_names(session: Session, key: Key) -> dict[str, str]:
    """What the assignments of a course are called in the gradebook, by exercise."""
    mine = (_TABLE.c.portal == key.portal) & (_TABLE.c.course == key.course) & (_TABLE.c.student == "")
    return {exercise: json.loads(state)["name"] for exercise, state in session.execute(
        select(_TABLE.c.exercise, _TABLE.c.state).where(mine)
    )}  # fmt: skip


def read(session: Session, key: Key) -> dict[str, Past]:
    """What is remembered of an assignment's students."""
    rows = session.execute(select(_TABLE.c.student, _TABLE.c.state).where(_of(key), _TABLE.c.student != ""))
    return {student: _past(json.loads(state)) for student, state in rows}


def _past(state: dict[str, Any]) -> Past:
    return Past(**{**state, "items": {name: (mine, theirs) for name, (mine, theirs) in state["items"].items()}})


def write(session: Session, key: Key, states: Mapping[str, Known | Past]) -> None:
    """Remember, by student; empty: the assignment itself."""
    if not states:
        return
    session.execute(delete(_TABLE).where(_of(key), _TABLE.c.student.in_(states)))
    common = asdict(key)
    rows = [
        {**common, "student": student, "state": json.dumps(asdict(state), sort_keys=True)}
        for student, state in states.items()
    ]
    session.execute(insert(_TABLE), rows)


def forget(session: Session, key: Key) -> None:
    """Remember nothing of an assignment."""
    session.execute(delete(_TABLE).where(_of(key)))


def _of(key: Key) -> Any:
    return (_TABLE.c.portal == key.portal) & (_TABLE.c.course == key.course) & (_TABLE.c.exercise == key.exercise)
