"""A grader for this process, started when it is first needed: in a formgrader it stays warm."""

from __future__ import annotations

import atexit
import shutil
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from grader.command.options import catalogue_of, started
from grader.exercise import Exercise
from grader.nbgrader.autograde.paper import folders
from grader.pool import Grader
from grader.report import Report
from grader.settings import load_settings
from grader.submission import Upload


class Desk:
    """Grades several notebooks at a time."""

    def __init__(self) -> None:
        settings = load_settings()
        self.shared = catalogue_of(None, None, settings).exercises
        self._stack = ExitStack()
        catalogue = catalogue_of(None, None, settings)
        self._grader: Grader = self._stack.enter_context(started(catalogue, settings, settings.workers))
        self.jobs = settings.workers
        self._threads = ThreadPoolExecutor(self.jobs, thread_name_prefix="autograde")

    def grade(self, exercise: Exercise, name: str, content: bytes) -> Future[Report]:
        """Grade a notebook, soon."""
        return self._threads.submit(self._grader.grade, exercise, Upload(f"{name}.ipynb", content))

    def close(self) -> None:
        """Give back what was started."""
        self._threads.shutdown(cancel_futures=True)
        self._stack.close()
        for folder in folders():
            shutil.rmtree(folder, ignore_errors=True)


_lock = threading.Lock()
_desks: list[Desk] = []


def open_desk() -> Desk:
    """This process's desk. Raises GraderError where this host cannot grade."""
    with _lock:
        if not _desks:
            _desks.append(Desk())
            atexit.register(_desks[0].close)
        return _desks[0]
