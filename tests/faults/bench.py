"""A portal, what it has taken in, and the processes that grade it; and what must be true after each fault."""

from __future__ import annotations

import io
import multiprocessing
import os
import re
import secrets
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from flask import Flask
from kombu import Connection
from sqlalchemy import create_engine, select
from sqlalchemy.orm import undefer
from werkzeug.test import TestResponse

from grader.exercise import Catalogue
from server import create_app
from server.grading.broker import queue_name
from server.grading.engine import QUEUES
from server.models import State, Submission, SubmissionEvent
from tests.faults import programs
from tests.faults.programs import Part
from tests.faults.servers import until
from tests.server.conftest import Browser

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.faults.programs"])

#: what every end of a grading leaves behind, whoever records it: a row that nothing changes afterwards
JOURNAL = """
CREATE TABLE journal (submission_id text, state text, at timestamptz DEFAULT clock_timestamp());
CREATE FUNCTION keep_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO journal VALUES (NEW.id, NEW.state);
    RETURN NEW;
END $$;
CREATE TRIGGER journal AFTER UPDATE ON submission FOR EACH ROW
    WHEN (NEW.finished_at IS NOT NULL AND NEW.state IN ('graded', 'failed')
          AND (OLD.state <> NEW.state OR OLD.finished_at IS DISTINCT FROM NEW.finished_at))
    EXECUTE FUNCTION keep_journal();
"""


def add_journal(address: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql(JOURNAL)
    engine.dispose()


@dataclass
class Running:
    """A process that runs."""

    process: ForkServerProcess
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def is_alive(self) -> bool:
        return self.process.is_alive()

    def wait(self, status: int) -> None:
        """Wait until it ends, as expected."""
        self.process.join(120)
        assert self.process.exitcode == status, (self.process.exitcode, self.said)

    def signal(self, number: int) -> None:
        assert self.process.pid
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        if self.process.is_alive():
            self.process.kill()
        self.process.join(60)


class Bench:
    """One portal on a scratch database. ``usual`` is what its processes are like."""

    def __init__(
        self,
        folder: Path,
        catalogue: Catalogue,
        database: str,
        broker: str,
        prefix: str,
        slug: str = "softmax",
        **settings: Any,
    ):
        self.folder, self.data = folder, folder / "data"
        self.data.mkdir(exist_ok=True)
        self.usual = Part(
            data=self.data, exercises=catalogue.exercises, database=database, broker=broker, prefix=prefix, log=folder
        )  # fmt: skip
        self._catalogue = catalogue
        self._slug, self._settings = slug, settings
        self._processes: list[Running] = []
        self._apps: list[Flask] = []
        #: what was confirmed, with what it is worth
        self.confirmed: dict[str, int] = {}
        self.app = self.open_portal()
        self.database = self.app.extensions["portal"].database
        self.browser = Browser(self.app.test_client())
        assert self.browser.sign_up("ana").status_code == 302

    def open_portal(self, **settings: Any) -> Flask:
        """A portal that grades nothing."""
        usual = {
            "DATABASE_URL": self.usual.database, "DATA_DIR": self.data, "SECRET_KEY": "test", "LANGUAGE": "en",
            "MAX_WAITING": 1000, "LEASE_SECONDS": self.usual.lease,
        }  # fmt: skip
        app = create_app({**usual, **self._settings, **settings}, catalogue=self._catalogue, grade=None)
        self._apps.append(app)
        return app

    def hand_in(self, count: int = 1, content: bytes = b"", points: int = 0) -> list[str]:
        """Hand in, and give the ids of what was confirmed."""
        found = []
        for _ in range(count):
            answer = self.try_to_hand_in(content, points)
            assert answer.status_code == 302, answer.text
            found.append(id_of(answer))
        return found

    def try_to_hand_in(
        self, content: bytes = b"", points: int = 0, key: str = "", language: str = "en"
    ) -> TestResponse:
        """Send the form, and note what was confirmed."""
        number = len(self.confirmed)
        worth = points or number % 9 + 1
        code = content or f"points = {worth}\nnumber = {number}\n".encode()
        self.browser.language = language
        file = (io.BytesIO(code), f"{self._slug}.py")
        answer = self.browser.send(f"/exercises/{self._slug}", file=file, form_key=key or secrets.token_hex(8))
        self.browser.language = "en"
        if answer.status_code == 302:
            self.confirmed.setdefault(id_of(answer), worth)
        return answer

    def worker(self, **changes: Any) -> Running:
        return self._start(programs.work, "worker", changes)

    def scheduler(self, **changes: Any) -> Running:
        return self._start(programs.schedule, "scheduler", changes)

    def migrate(self, **changes: Any) -> None:
        self._start(programs.migrate, "migrate", changes).wait(0)

    def _start(self, what: Callable[[Part], None], name: str, changes: dict[str, Any]) -> Running:
        log = self.folder / f"{name}-{len(self._processes)}.log"
        part = replace(self.usual, log=log, **changes)
        process = _CONTEXT.Process(target=what, args=(part,), daemon=True)
        process.start()
        self._processes.append(Running(process, log))
        return self._processes[-1]

    def rows(self) -> list[Submission]:
        with self.database.reader() as session:
            query = (
                select(Submission).order_by(Submission.created_at, Submission.id).options(undefer(Submission.report))
            )
            return list(session.scalars(query))

    def states(self) -> Counter[State]:
        with self.database.reader() as session:
            return Counter(session.scalars(select(Submission.state)))

    def until_graded(self, count: int | None = None) -> None:
        """Wait until all, or so many, are graded."""
        wanted = len(self.confirmed) if count is None else count
        self.until(lambda: self.states()[State.GRADED] >= wanted, f"{wanted} are graded")

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait, and say with what the processes have said where it was in vain."""
        try:
            until(holds, what)
        except AssertionError as error:
            said = "\n".join(f"--- {each.log.name}\n{each.said[-3000:]}" for each in self._processes)
            raise AssertionError(f"{error}\n{self.states()}\n{said}") from error

    def journal(self) -> list[tuple[str, str]]:
        with self.database.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT submission_id, state FROM journal ORDER BY at").all()
        return [(row[0], row[1]) for row in rows]

    def check(self, failed: Iterable[str] = ()) -> list[Submission]:
        """Every confirmed submission is graded and recorded once, no attempt is lost, and the pages say so."""
        rows, given_up = self.rows(), set(failed)
        assert {row.id for row in rows} == set(self.confirmed), "what was confirmed is there, and nothing else"
        for row in rows:
            is_graded = row.id not in given_up
            assert row.state is (State.GRADED if is_graded else State.FAILED), (row.id, row.state, row.tries, row.fault)
            assert (row.lease_token, row.lease_expires_at) == (None, None)
            assert row.tries >= 1
            assert row.report if is_graded else row.fault
            assert row.score == (self.confirmed[row.id] if is_graded else None), (row.score, row.report)
        closed = Counter(id for id, _ in self.journal())
        assert closed == Counter(self.confirmed.keys()), "recorded once each"
        for user in {row.user_id for row in rows}:
            attempts = sorted(row.attempt for row in rows if row.user_id == user)
            assert attempts == list(range(1, len(attempts) + 1))
        with self.database.reader() as session:
            assert session.scalars(select(SubmissionEvent)).all() == []
        for row in rows[:1] + rows[-1:]:
            self.see(row.id, "failed" if row.id in given_up else "graded")
        return rows

    def see(self, id: str, state: str) -> str:
        """The student's page says this state; returns it."""
        page = self.browser.read(f"/submissions/{id}")
        found = re.search(r'class="state (\w+)"', page)
        assert found
        assert found[1] == state, page
        return page

    def told(self, id: str) -> dict[str, Any]:
        """What the student's page is told of a grading that is not over."""
        answer: dict[str, Any] = self.browser.get(f"/submissions/{id}/state").json
        return answer

    def close(self) -> None:
        for each in self._processes:
            each.signal(signal.SIGCONT)
            each.kill()
        for app in self._apps:
            portal = app.extensions["portal"]
            portal.dispatcher.close()
            portal.post.close()
            portal.database.close()


def id_of(answer: TestResponse) -> str:
    """The submission whose page an answer leads to."""
    return answer.location.rpartition("/")[2]


class Queues:
    """Looks at a portal's queues from outside, and does to them what a broker should not."""

    def __init__(self, url: str, prefix: str) -> None:
        self.url, self.prefix = url, prefix

    def count(self, queue: str = "cpu") -> int:
        """Messages that wait there."""
        with Connection(self.url) as connection:
            found = connection.default_channel.queue_declare(
                queue_name(self.prefix, queue), durable=True, auto_delete=False
            )
            return int(found.message_count)

    def consumers(self) -> int:
        """Those who listen."""
        with Connection(self.url) as connection:
            found = connection.default_channel.queue_declare(
                queue_name(self.prefix, "cpu"), durable=True, auto_delete=False
            )
            return int(found.consumer_count)

    def purge(self) -> None:
        with Connection(self.url) as connection:
            for each in QUEUES:
                with suppress(connection.channel_errors):  # there may be none yet
                    connection.channel().queue_purge(queue_name(self.prefix, each))

    def delete(self) -> None:
        with Connection(self.url) as connection:
            for each in QUEUES:
                connection.default_channel.queue_delete(queue_name(self.prefix, each))

    def put(self, body: Any, queue: str = "cpu", **options: Any) -> None:
        """Put something into a queue, as anybody could who reaches the broker."""
        with Connection(self.url) as connection:
            producer = connection.Producer(auto_declare=False)
            producer.publish(body, routing_key=queue_name(self.prefix, queue), **options)
