"""What a check is told to do, and the notebook's code as the module that its tests get. For the child process alone."""

from __future__ import annotations

import importlib.util
import linecache
import sys
import traceback
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from grader.definitions import definitions_only
from grader.exercise import Config
from grader.forbid import find_forbidden, own_methods
from grader.judge import unwritten
from grader.link import Ended
from grader.notebook import find_cell
from grader.report import Verdict
from grader.sentences import say
from grader.shared import Shared
from grader.wire.fault import describe, revive


class Job(msgspec.Struct, frozen=True):
    """One check."""

    slug: str
    #: the exercise's public tests, and the conftest.py of all exercises
    tests: str
    shared: str
    source: str
    #: where the notebook's cells begin in the source
    cells: list[tuple[int, int]]
    #: what the stub defines
    names: list[str]
    config: Config
    #: file for the lines at which a test hangs
    hang: str
    #: seconds of a test; None: what the exercise says
    seconds: float | None = None
    #: tests that an earlier child has run, and whether they passed
    finished: dict[str, bool] = {}


class Unloadable(Exception):
    """What the fixture ``student`` ends with: pytest's set-up bears nothing that is no Exception."""


class Student:
    """The notebook's code as a module."""

    def __init__(self, job: Job, shared: Shared) -> None:
        self.source, self.left_out = definitions_only(job.source, job.names)
        self._job = job
        self._shared = shared
        #: the name in tracebacks
        self.shown = f"{job.slug}.py"
        self.refusal: Ended | None = None

    def uses(self) -> list[tuple[int, str]]:
        """Lines that use what the exercise forbids."""
        try:
            own = own_methods(self.source)
            return [(use.line, use.name) for use in find_forbidden(self.source, self._job.config.forbid, own)]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []  # loading it shows the student the line

    def load(self) -> ModuleType:
        """Import the code. Raises Unloadable where that fails, every time."""
        if self.refusal is not None:
            raise Unloadable
        self._shared.mend_torchvision()
        Path(self.shown).write_text(self.source, encoding="utf-8")
        linecache.cache[self.shown] = (len(self.source), None, self.source.splitlines(keepends=True), self.shown)
        spec = importlib.util.spec_from_file_location(self._job.slug, self.shown)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[self._job.slug] = module
        try:
            exec(compile(self.source, self.shown, "exec", dont_inherit=True), module.__dict__)
        except BaseException as error:
            fault = describe(error, self.own_lines(error))
            message = say("no_load", kind=fault.kind, message=fault.message)
            self.refusal = Ended(Verdict.CRASHED, message, fault.traceback, unloaded=True)
            raise Unloadable from None
        return module

    def own_lines(self, error: BaseException) -> str:
        """The lines of a traceback that are the student's, by cell."""
        if isinstance(error, SyntaxError) and error.filename == self.shown:
            if found := find_cell(self._job.cells, error.lineno or 0):
                error.filename, error.lineno, error.end_lineno = f"cell {found[0]}", found[1], None
            return "".join(traceback.format_exception_only(error))
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == self.shown]
        for frame in frames:
            if found := find_cell(self._job.cells, frame.lineno or 0):
                frame.filename, frame.lineno = f"cell {found[0]}", found[1]
        return "".join(traceback.format_list(frames if len(frames) <= 20 else frames[:10] + frames[-10:]))

    def explain(self, error: BaseException) -> BaseException:
        """The error as the report tells it: raised by the student's code, by a test, or for a name that is missing."""
        if isinstance(error, Unloadable) and self.refusal is not None:
            return self.refusal
        if isinstance(error, AttributeError) and getattr(error.obj, "__name__", "") == self._job.slug:
            return unwritten(str(error.name))
        files = (self.shown, self._job.tests)
        places = [frame.filename for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
        if isinstance(error, pytest.skip.Exception) or not places or places[-1] != self.shown:
            return error
        if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
            return Ended(
                Verdict.TOO_BIG, say("memory", megabytes=self._job.config.limits.memory_mb), self.own_lines(error)
            )
        return revive(describe(error, self.own_lines(error)))
