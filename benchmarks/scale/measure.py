"""Measures on this machine what the simulation needs to know, and writes it to ``benchmarks/results/scale.json``.

    python -m benchmarks.scale.measure                       everything, about two minutes of CPU time
    python -m benchmarks.scale.measure --only turns pages    a part; the file keeps what it has of the rest
    python -m benchmarks.scale.measure --save FILE.json      into another file

PostgreSQL is measured where ``GRADIENTE_TEST_POSTGRES`` (or 127.0.0.1) has one on which databases can be made, in a
database of its own that is dropped afterwards. Gradings and pages are measured in CPU seconds: other work on a machine
hardly counts there. Writes are measured by the clock, since they wait for the disk, less what both sides wait for a
processor.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import OperationalError

from benchmarks.scale.gradings import measure_gradings, measure_warm_up, record
from benchmarks.scale.pages import measure_pages
from benchmarks.scale.turns import measure_turns
from grader.exercise import default_catalogue

RESULTS = Path(__file__).resolve().parents[1] / "results" / "scale.json"
POSTGRES = os.environ.get("GRADIENTE_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres")
PARTS = ("gradings", "turns", "pages")


def facts() -> dict[str, Any]:
    """What was measured on."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": model,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "sqlite": sqlite3.sqlite_version,
    }


@contextmanager
def postgres() -> Iterator[tuple[str, str] | None]:
    """Address of an empty database, and the server's version; None: there is no server."""
    try:
        engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
        server = engine.connect()
    except (ImportError, OperationalError):
        yield None
        return
    name = f"gradiente_scale_{secrets.token_hex(6)}"
    server.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        version = str(server.exec_driver_sql("SHOW server_version").scalar())
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False), version
    finally:
        server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        server.close()
        engine.dispose()


def measure(parts: list[str]) -> dict[str, Any]:
    """Measure these parts."""
    catalogue = default_catalogue()
    found: dict[str, Any] = {"machine": facts()}
    # Before any connection or thread: the grader's parents fork.
    warm_up, grader = measure_warm_up(catalogue)
    with grader:
        if "gradings" in parts:
            found |= {"warm_up": warm_up, "gradings": measure_gradings(grader, catalogue)}
        report, events = record(grader, catalogue, "sigmoid")
    with tempfile.TemporaryDirectory() as folder, postgres() as server:
        addresses = {"sqlite": f"sqlite:///{folder}/portal.sqlite"}
        if server:
            addresses["postgresql"], found["machine"]["postgresql"] = server
        for name, url in addresses.items():
            home = Path(folder) / name
            home.mkdir()
            # Pages need the rows that this leaves behind.
            found.setdefault("turns", {})[name] = measure_turns(url, catalogue, report, events, home)
            if "pages" in parts:
                found.setdefault("pages", {})[name] = measure_pages(url, catalogue, report, home)
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--save", type=Path, metavar="FILE.json", default=RESULTS)
    chosen = parser.parse_args(arguments)
    there = json.loads(chosen.save.read_text(encoding="utf-8")) if chosen.save.is_file() else {}
    there |= measure(chosen.only)
    chosen.save.write_text(json.dumps(there, indent=1) + "\n", encoding="utf-8")
    print(f"written to {chosen.save}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
