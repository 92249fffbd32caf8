"""Writing where two look first and one is quicker."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server.db import Database

T = TypeVar("T")


def write(database: Database, work: Callable[[Session], T]) -> T:
    """Do something in a transaction that writes; once more where a row that was missing is there by now.

    SQLite lets one writer in at a time. On PostgreSQL two may both find that a row is missing and both add it.
    """
    try:
        with database.write() as session:
            return work(session)
    except IntegrityError:
        with database.write() as session:
            return work(session)
