"""Brokers and databases that a test may break: private ones, and a way to the shared ones that it may cut."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from glob import glob
from pathlib import Path

import pytest
from kombu import Connection
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

#: services whose absence is an error
REQUIRED = os.environ.get("GRADIENTE_REQUIRE", "").split(",")
RABBITMQ = os.environ.get("GRADIENTE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//")


def missing(service: str, reason: str) -> None:
    """Skip, or fail where the service was promised."""
    (pytest.fail if service in REQUIRED else pytest.skip)(reason)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(holds: Callable[[], object], what: str, seconds: float = 120.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not in {seconds:g} s: {what}"
        time.sleep(0.05)


def rabbitmq_answers() -> bool:
    try:
        with Connection(RABBITMQ, connect_timeout=3) as connection:
            connection.connect()
    except OSError:
        return False
    return True


class Redis:
    """A Redis that keeps nothing on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        until(self.answers, "Redis starts")

    def answers(self) -> bool:
        try:
            with Connection(self.url) as connection:
                connection.default_channel.client.ping()
        except Exception:
            return False
        return True

    def stop(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


class Postgres:
    """A cluster of PostgreSQL of its own. It runs as an account that is no administrator: it refuses any other."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.data, self._programs, self.port = folder / "cluster", programs, free_port()
        folder.chmod(0o777)
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", "postgres", "--no-sync", "--no-locale", "-E", "UTF8")
        self._control("start")
        self.url = f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/postgres"

    @staticmethod
    def find_programs() -> Path | None:
        found = sorted(glob("/usr/lib/postgresql/*/bin/initdb"))
        path = Path(found[-1]) if found else Path(shutil.which("initdb") or "")
        if not path.is_file() or (os.getuid() == 0 and not shutil.which("runuser")):
            return None
        return path.parent

    def empty(self) -> None:
        """Drop all tables."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        engine.dispose()

    def stop(self) -> None:
        """As a crash would: nobody is waited for, and what was committed comes back from the log."""
        if (self.data / "postmaster.pid").exists():
            self._control("stop", "-m", "immediate")

    def start(self) -> None:
        self._control("start")

    def _control(self, action: str, *options: str) -> None:
        server = f"-p {self.port} -h 127.0.0.1 -k {self.data} -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "-D", self.data, "-w", "-t", "120", "-l", self.data.parent / "cluster.log",
                  "-o", server, action, *options)  # fmt: skip

    def _run(self, program: str, *words: object) -> None:
        command = [str(self._programs / program), *map(str, words)]
        if os.getuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              cwd="/", text=True, timeout=250)  # fmt: skip
        assert done.returncode == 0, done.stdout


def cut_connections(address: str) -> int:
    """End all connections to a database but our own, and say how many."""
    engine = create_engine(make_url(address), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            mine = f"{ended} WHERE datname = current_database() AND pid <> pg_backend_pid()"
            return len(connection.exec_driver_sql(mine).all())
    except OperationalError:
        return 0
    finally:
        engine.dispose()
