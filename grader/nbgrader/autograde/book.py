"""nbgrader's gradebook, opened quickly from the second time on.

nbgrader opens it seven times for each notebook. Each time it looks for every table, and SQLAlchemy compiles every
statement anew, because what it has compiled belongs to the engine. That takes longer than the queries.
"""

from __future__ import annotations

import os
import threading
from typing import Any

from nbgrader import api
from nbgrader.converters import autograde
from nbgrader.preprocessors import latesubmissions
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import scoped_session, sessionmaker

_engines: dict[str, Engine] = {}
#: files that have the tables and the course
_opened: set[tuple[tuple[int, int], str]] = set()
_lock = threading.Lock()


class Book(api.Gradebook):
    """A gradebook whose engine outlives it. No connection does: the database may be moved or made anew meanwhile."""

    def __init__(self, db_url: str, course_id: str = "default_course", authenticator: Any = None) -> None:
        with _lock:
            engine = _engines.get(db_url)
            if engine is not None and self._opens(engine, course_id):
                self.course_id, self.authenticator = course_id, authenticator
                return
            super().__init__(db_url, course_id, authenticator)
            _engines[db_url] = self.engine

    def _opens(self, engine: Engine, course_id: str) -> bool:
        """Whether the tables are there; where they are not, nbgrader makes them or says what is wrong."""
        self.engine = engine
        self.db = scoped_session(sessionmaker(autoflush=True, bind=engine, future=True))
        file = _file_of(engine)
        if file is not None and (file, course_id) in _opened:
            return True
        try:
            self.check_course(course_id=course_id)
        except DBAPIError:
            self.close()
            return False
        if file is not None:
            _opened.add((file, course_id))
        return True


def _file_of(engine: Engine) -> tuple[int, int] | None:
    """Which file the database is, however it is called by now; None where it is none, not there, or empty."""
    if engine.dialect.name != "sqlite" or not engine.url.database:
        return None
    try:
        status = os.stat(engine.url.database)
    except OSError:
        return None
    # An empty one may have the number of one that was deleted.
    return (status.st_dev, status.st_ino) if status.st_size else None


# nbgrader has no setting for it.
autograde.Gradebook = latesubmissions.Gradebook = Book
