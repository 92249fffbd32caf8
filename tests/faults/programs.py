"""Workers and schedulers as processes of their own: the parts of the real commands, and a quick way to grade.

They are forked from a process that has imported everything, so that one starts in milliseconds. No torch is loaded.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import server.health.observer  # noqa: F401  # imported once, before the forks
from grader.exercise import Catalogue, Exercise
from grader.report import Report, TestResult, Verdict
from grader.submission import Upload
from server import db, log
from server.grading.broker import Broker, make_app
from server.grading.consumer import Consumer
from server.grading.dispatch import InProcess
from server.grading.engine import QUEUES, Engine
from server.grading.relay import Relay
from server.running import until_asked
from server.scheduler import Scheduler
from server.settings import read_settings
from server.store import open_store
from server.worker import Duty, _run

PR_SET_PDEATHSIG = 1

#: where a worker may die
CLAIMED, GRADING, RECORDING, RECORDED = PHASES = ("claimed", "grading", "recording", "recorded")
#: what kills whoever grades it
POISON = b"poison = True\n"


@dataclass(frozen=True)
class Part:
    """What one process is, and what is wrong with it."""

    data: Path
    exercises: Path
    database: str
    broker: str
    prefix: str
    #: what it says is written there
    log: Path
    #: long, for nobody may lose one because the machine is busy; short where somebody is to take over
    lease: float = 60.0
    jobs: int = 1
    #: what it takes of the queues
    queues: tuple[str, ...] = QUEUES
    #: seconds that each grading takes
    seconds: float = 0.02
    #: seconds between two looks into the line while messages come, and between two looks at what the broker has
    seldom: float = 2.0
    compare: float = 1.0
    idle: float = 0.0
    #: where it kills itself as ``kill -9`` would; empty: nowhere
    dies: str = ""
    #: where it stops for good, still there
    freezes: str = ""
    #: seconds that its clock is wrong
    clock: float = 0.0
    #: a folder of migrations of another version
    migrations: Path | None = None


class Quick:
    """Grades in no time: a program of 1 to 9 points says in its first line how many it is worth."""

    def __init__(self, part: Part, strike: Callable[[str], None]) -> None:
        self._seconds, self._strike = part.seconds, strike

    def grade(self, exercise: Exercise, upload: Upload, /, **options: Any) -> Report:
        if upload.content.startswith(POISON):
            time.sleep(self._seconds / 2)  # its neighbours are in the middle
            kill()
        points = worth(upload.content)
        test = TestResult("test_f", {"en": "Works.", "pt-BR": "Funciona."}, points, Verdict.PASSED)
        options["on_event"]({"event": "started", "tests": [test.name]})
        self._strike(GRADING)
        time.sleep(self._seconds)
        return Report(options["submission"], exercise.slug, exercise.version, "seed", "cpu", (test,))

    def close(self) -> None:
        """It has nothing to end."""


def worth(content: bytes) -> int:
    """The points of a program."""
    return int(content.split(b"\n")[0].rpartition(b"=")[2])


def kill() -> None:
    """End this process as ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def work(part: Part) -> None:
    """Be a worker."""
    _begin(part)

    def strike(phase: str) -> None:
        if phase == part.dies:
            kill()
        if phase == part.freezes:
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(1)  # the thread that asks for it may run on for a moment

    database = db.find_shared(part.database)
    quick = Quick(part, strike)
    kind = Engine if part.broker else InProcess
    settings = read_settings({"DATA_DIR": part.data})
    engine = kind(
        database, open_store(settings), Catalogue(part.exercises, None), quick.grade,
        jobs=part.jobs, lease_seconds=part.lease, queues=part.queues,
    )  # fmt: skip
    _strike_in(engine, strike)
    consumer = None
    if part.broker:
        consumer = Consumer(engine, make_app(part.broker, part.prefix), part.prefix, seldom=part.seldom)
    _run(engine, consumer, quick, Duty(part.jobs, part.queues, part.idle))  # type: ignore[arg-type]
    print("ended", flush=True)


def _strike_in(engine: Engine, strike: Callable[[str], None]) -> None:
    """Strike between the steps of a grading."""
    outcome, record = engine._outcome, engine._record

    def grade(*what: Any) -> Any:
        strike(CLAIMED)
        return outcome(*what)

    def recorded(*what: Any) -> None:
        record(*what)
        strike(RECORDED)

    engine._outcome, engine._record = grade, recorded  # type: ignore[method-assign]
    engine.listeners.append(lambda session, id: strike(RECORDING))


def schedule(part: Part) -> None:
    """Be a scheduler."""
    _begin(part)
    database = db.find_shared(part.database)
    relay = Relay(database, Broker(part.broker, part.prefix), compare_seconds=part.compare) if part.broker else None
    scheduler = Scheduler(database, Catalogue(part.exercises, None), relay, part.lease)
    scheduler.start()
    try:
        until_asked()
    finally:
        scheduler.close()
        database.close()


def migrate(part: Part) -> None:
    """Bring the tables to the version of this part's migrations."""
    _begin(part)
    database = db.Database(part.database)
    database.migrate()
    database.close()


def _begin(part: Part) -> None:
    """Write to a file of its own, and be as wrong as it was told to be. It ends with the tests, however these end."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    descriptor = os.open(part.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    log.set_up()
    if part.clock:
        _set_clock(timedelta(seconds=part.clock))
    if part.migrations:
        _use_migrations(part.migrations)


def _set_clock(offset: timedelta) -> None:
    """Let every module of ours read a wrong clock."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + offset

    for name, module in list(sys.modules.items()):
        if name.startswith("server.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Wrong  # type: ignore[attr-defined]


def _use_migrations(folder: Path) -> None:
    db.MIGRATIONS = folder
