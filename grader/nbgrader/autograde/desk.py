"""A grader for this process, started when it is first needed: in a formgrader it stays warm."""

from __future__ import annotations

import atexit
import gc
import shutil
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack

from grader.command.options import catalogue_of, started
from grader.exercise import Catalogue, Exercise
from grader.pool import Grader
from grader.report import Report
from grader.settings import Settings, load_settings
from grader.submission import Upload

#: Objects until unreachable ones are looked for. nbgrader makes hundreds of thousands that all stay, and with
#: Python's 700 looking for others among them takes a tenth of its time.
_OBJECTS = 50_000


class Desk:
    """Grades several notebooks at a time."""

    def __init__(self) -> None:
        gc.set_threshold(_OBJECTS)
        settings = load_settings()
        catalogue = catalogue_of(None, None, settings)
        self.shared = catalogue.exercises
        self._stack = ExitStack()
        self.jobs = settings.workers
        self._threads = ThreadPoolExecutor(self.jobs, thread_name_prefix="autograde")
        # It takes seconds, in which nbgrader has read its first notebook.
        self._grader: Future[Grader] = self._threads.submit(self._start, catalogue, settings)

    def _start(self, catalogue: Catalogue, settings: Settings) -> Grader:
        return self._stack.enter_context(started(catalogue, settings, settings.workers))

    def grade(self, exercise: Exercise, name: str, content: bytes) -> Future[Report]:
        """Grade a notebook, soon. Its future raises GraderError, also where this host cannot grade."""
        return self._threads.submit(self._grade, exercise, Upload(f"{name}.ipynb", content))

    def _grade(self, exercise: Exercise, upload: Upload) -> Report:
        return self._grader.result().grade(exercise, upload)

    @property
    def is_broken(self) -> bool:
        """Whether the grader could not be started."""
        return self._grader.done() and self._grader.exception() is not None

    def close(self) -> None:
        """Give back what was started."""
        self._threads.shutdown(cancel_futures=True)
        self._stack.close()
        # Here, because its imports would keep the grader from starting for a tenth of a second.
        from grader.nbgrader.autograde.paper import folders

        for folder in folders():
            shutil.rmtree(folder, ignore_errors=True)
        # At the end of the process Python looks for what can be collected, which is most of it.
        gc.freeze()


_lock = threading.Lock()
_desks: list[Desk] = []


def open_desk() -> Desk:
    """This process's desk. Raises GraderError for settings that are no settings."""
    with _lock:
        if _desks and _desks[0].is_broken:  # what was wrong may be mended by now
            atexit.unregister(_desks[0].close)
            _desks.pop().close()
        if not _desks:
            _desks.append(Desk())
            atexit.register(_desks[0].close)
        return _desks[0]
