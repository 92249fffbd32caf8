"""What the measurements of the portal stand on: databases and queues of their own, processes, people, CPU time.

Linux only: CPU time is read from /proc. PostgreSQL and the broker are those of this machine, or of the variables
``GRADIENTE_TEST_POSTGRES`` and ``GRADIENTE_BENCH_BROKER``; what is made there is deleted at the end.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import platform
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, insert, make_url, select, text

from server.account.tokens import PREFIX, hash_secret, make_secret
from server.context import now
from server.db import Database
from server.models import ApiToken, Assignment, Course, Membership, Role, State, Submission, User

ROOT = Path(__file__).parents[1]
TICK = os.sysconf("SC_CLK_TCK")
POSTGRES = os.environ.get("GRADIENTE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
BROKER = os.environ.get("GRADIENTE_BENCH_BROKER", "amqp://guest:guest@127.0.0.1:5672//")


def begin() -> None:
    """Say what the figures hold for; whoever is asked to end from here on still cleans up."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    print(machine(), flush=True)


def machine() -> str:
    """What the figures hold for."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    load, version = os.getloadavg()[0], platform.python_version()
    return f"{os.cpu_count()} processors ({model}), load {load:.1f} at the start, Python {version}"


# Databases and queues


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """An empty database with all tables; yields its address. Transactions reach the disk, as they usually do."""
    name = f"gradiente_bench_{secrets.token_hex(6)}"
    server = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    address = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    try:
        migrate(address)
        yield address
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.dispose()


def migrate(address: str) -> None:
    """Make the tables."""
    database = Database(address)
    database.migrate()
    database.close()


@contextlib.contextmanager
def broker_prefix(url: str) -> Iterator[str]:
    """A name that no other queue begins with; the queues are deleted at the end."""
    from server.grading.broker import QUEUES, make_app, queue_name

    prefix = f"gradiente-bench-{secrets.token_hex(4)}"
    try:
        yield prefix
    finally:
        with make_app(url, prefix).connection_for_write() as connection:
            for queue in QUEUES:
                with contextlib.suppress(Exception):
                    connection.default_channel.queue_delete(queue_name(prefix, queue))
            if url.startswith("redis"):  # which keeps what queues were bound to
                client = connection.default_channel.client
                for key in client.keys(f"*{prefix}*"):
                    client.delete(key)


def add_people(database: Database, count: int) -> list[tuple[int, str]]:
    """Make students who can hand in with the API: their numbers and tokens."""
    moment = now()
    raw = [PREFIX + make_secret() for _ in range(count)]
    people = [
        {"login": f"student{number:06}", "name": f"Student {number}", "role": Role.STUDENT, "created_at": moment}
        for number in range(count)
    ]
    with database.write() as session:
        session.execute(insert(User), people)
        ids = list(session.scalars(select(User.id).where(User.login.like("student%")).order_by(User.login)))
        expires_at = moment.replace(year=moment.year + 1, day=1)
        common = {"name": "benchmark", "scopes": ["read", "submit"], "created_at": moment, "expires_at": expires_at}
        tokens = [
            common | {"user_id": id, "token_hash": hash_secret(secret)} for id, secret in zip(ids, raw, strict=True)
        ]
        session.execute(insert(ApiToken), tokens)
    return list(zip(ids, raw, strict=True))


def add_administrator(database: Database) -> str:
    """An administrator; the token."""
    moment, raw = now(), PREFIX + make_secret()
    with database.write() as session:
        user = User(login="administrator", name="A", role=Role.ADMINISTRATOR, created_at=moment)
        session.add(user)
        session.flush()
        expires_at = moment.replace(year=moment.year + 1, day=1)
        scopes = ["read", "administer"]
        session.add(
            ApiToken(
                user_id=user.id, name="benchmark", token_hash=hash_secret(raw), scopes=scopes, created_at=moment,
                expires_at=expires_at,
            )
        )  # fmt: skip
    return raw


def add_course(database: Database, students: Sequence[int], slugs: Sequence[str]) -> None:
    """A course that all of them take, with these exercises as assignments."""
    moment = now()
    with database.write() as session:
        course = Course(code="benchmark", title="Benchmark", created_at=moment)
        session.add(course)
        session.flush()
        common = {"course_id": course.id, "role": Role.STUDENT, "created_at": moment}
        session.execute(insert(Membership), [common | {"user_id": id} for id in students])
        session.add_all(Assignment(course_id=course.id, slug=slug) for slug in slugs)


# Processes


class Process:
    """``gradiente`` with some arguments, and everything that it starts."""

    def __init__(self, folder: Path, name: str, arguments: Sequence[str], settings: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("GRADIENTE_")}
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "grader", *arguments],
                cwd=ROOT, env=inherited | dict(settings), stdout=output, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        self.pid = self._process.pid

    def wait_for(self, pattern: str, seconds: float = 180) -> re.Match[str]:
        """What it says, once it says it."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := re.search(pattern, self.log.read_text()):
                return found
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"{self.name} did not say {pattern!r}:\n{self.log.read_text()[-4000:]}")

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a lack of memory would."""
        self._process.kill()
        self._process.wait()

    def stop(self, seconds: float = 60) -> int:
        """Ask it to end; the status that it ends with."""
        if self.is_running:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL


class Site:
    """A portal with everything behind it, on this machine: ``gradiente serve``, or portal, scheduler and workers."""

    def __init__(self, folder: Path, *, broker: str = BROKER, jobs: int = 2, distributed: bool = True) -> None:
        self.folder, self.jobs, self.distributed = folder, jobs, distributed
        self._broker = broker
        self._stack = contextlib.ExitStack()
        self._count = 0
        #: those that run, by what they are
        self.portal: Process | None = None
        self.scheduler: Process | None = None
        self.workers: list[Process] = []
        self.settings = {"OMP_NUM_THREADS": "1", "GRADIENTE_INSTANCE": str(folder / "instance")}
        if distributed:
            self.address = self._stack.enter_context(postgres())
            prefix = self._stack.enter_context(broker_prefix(broker))
            self.settings |= {
                "GRADIENTE_PORTAL_DATABASE_URL": self.address,
                "GRADIENTE_PORTAL_BROKER_URL": broker,
                "GRADIENTE_PORTAL_BROKER_PREFIX": prefix,
            }
        else:
            (folder / "instance").mkdir(mode=0o700)
            self.address = f"sqlite:///{folder / 'instance' / 'portal.sqlite'}"
            migrate(self.address)
        self.database = Database(self.address)

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self.processes:
            if each.is_running:
                each.stop()
        self.database.close()
        self._stack.close()

    @property
    def processes(self) -> list[Process]:
        """All that were started and not given up."""
        return [each for each in (self.portal, self.scheduler, *self.workers) if each]

    def start(self, name: str, *arguments: str) -> Process:
        """Start one of its processes."""
        self._count += 1
        return Process(self.folder, f"{name}-{self._count}", arguments, self.settings)

    def start_portal(self, processes: int = 1) -> str:
        """Start the portal; its address. ``gradiente serve`` grades by itself."""
        port = free_port()
        if self.distributed:
            self.portal = self.start("portal", "portal", "--bind", f"127.0.0.1:{port}", "--workers", str(processes))
        else:
            self.portal = self.start("serve", "serve", "--port", str(port), "--jobs", str(self.jobs))
        end = time.monotonic() + 180
        while time.monotonic() < end and self.portal.is_running:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return f"http://127.0.0.1:{port}"
            time.sleep(0.2)
        sys.exit(f"the portal did not start:\n{self.portal.log.read_text()[-4000:]}")

    def start_scheduler(self) -> None:
        """Start the scheduler."""
        self.scheduler = self.start("scheduler", "scheduler")

    def start_worker(self) -> Process:
        """Start a worker; it does not grade yet."""
        worker = self.start("worker", "worker", "--queues", "cpu", "--concurrency", str(self.jobs))
        self.workers.append(worker)
        return worker

    def count(self, *states: State) -> int:
        """Submissions in these states."""
        with self.database.reader() as session:
            query = select(func.count()).select_from(Submission).where(Submission.state.in_(states))
            return session.scalar(query) or 0

    def count_open(self) -> int:
        """Submissions that wait or are graded."""
        return self.count(State.RECEIVED, State.RUNNING)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Client:
    """One program with a token: it hands in and asks, on one connection."""

    def __init__(self, address: str, token: str) -> None:
        self._host, self.token = address.removeprefix("http://"), token
        self._connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON. Raises OSError or HTTPException when there is no answer."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, timeout=120)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            self._connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except BaseException:
            self.close()
            raise
        return answer.status, json.loads(text) if text else None

    def hand_in(self, slug: str, code: str) -> tuple[int, Any]:
        """Hand code in."""
        return self.call("POST", f"/exercises/{slug}/submissions", {"code": code})

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


# CPU time


def descendants(pid: int) -> list[int]:
    """A process and everything below it; those that end just now are left out."""
    found = [pid]
    for thread in _list(Path(f"/proc/{pid}/task")):
        try:
            children = (thread / "children").read_text().split()
        except OSError:
            continue
        found += [each for child in children for each in descendants(int(child))]
    return found


def birth(pid: int) -> str:
    """When a process began, in the kernel's ticks: its number may be another's later. Empty: it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def is_alive(pid: int, since: str) -> bool:
    """Whether the process that began then is there, and has not ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return fields[0] not in "ZX" and fields[19] == since


def has_words(pid: int, *words: str) -> bool:
    """Whether these are among what a process was started with."""
    try:
        found = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return False
    return all(word in found for word in words)


def _list(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def cpu_of(pids: Sequence[int]) -> float:
    """CPU seconds of these processes and of their children that have ended."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15]))
    return total / TICK


def cpu_of_tree(pid: int) -> float:
    """CPU seconds of a process and everything below it, what has ended included."""
    return cpu_of(descendants(pid))


def cpu_of_self(pid: int) -> float:
    """CPU seconds of one process, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / TICK


def cpu_of_self_now() -> float:
    """CPU seconds of this process so far."""
    return time.process_time()


def cpu_of_own_tree() -> float:
    """CPU seconds of this process and everything below it."""
    return cpu_of_tree(os.getpid())


def cpu_of_database(address: str) -> float:
    """CPU seconds of a PostgreSQL database's connections that are open. What writes the log for all is not in it."""
    engine = create_engine(address)
    with engine.connect() as connection:
        pids = connection.execute(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")).scalars()
        own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        found = cpu_of([pid for pid in pids if pid != own])
    engine.dispose()
    return found


def cpu_of_programs(*names: str) -> float:
    """CPU seconds of programs by name, such as ``beam.smp``, whoever they work for."""
    return cpu_of(
        [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _name_of(each) in names]
    )


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return ""


def percentile(values: Sequence[float], part: float) -> float:
    """The value that so large a part is not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else float("nan")
