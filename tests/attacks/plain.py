"""Runs submissions against plain pytest, in one process with the tests and without any defence: for controls.

``python plain.py JOBS RESULTS``: each job is a folder as ``lay_out`` makes it, run in a fork of a process that has
torch and pytest, so that a job costs a tenth of a second. What it prints lies in ``<folder>/output``.

    <folder>/conftest.py                   shared by all exercises
    <folder>/vault/                        the submission's files, with the public and the hidden tests beside them
    <folder>/solutions/vault/vault.py      the reference
    <folder>/neighbour/vault.py            what another student handed in
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

AT_ONCE = 3
NEIGHBOUR = '"""NEIGHBOUR-MARK"""\n'


def lay_out(folder: Path, slug: str, files: dict[str, bytes], exercises: Path, solutions: Path) -> None:
    """Put a submission where a grader without defence would."""
    work = folder / slug
    for name in ("neighbour", slug, f"solutions/{slug}", "tmp"):
        (folder / name).mkdir(parents=True)
    shutil.copy(exercises / "conftest.py", folder)
    for path in (exercises / slug / f"test_{slug}.py", solutions / slug / f"test_{slug}_hidden.py"):
        shutil.copy(path, work)
    shutil.copy(solutions / slug / f"{slug}.py", folder / "solutions" / slug)
    (folder / "neighbour" / "vault.py").write_text(NEIGHBOUR)
    for name, content in files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(content)


def arguments(folder: Path, select: str = "") -> list[str]:
    """The command line of pytest."""
    options = ["-s", "-rA", "--tb=line", "-p", "no:cacheprovider", f"--confcutdir={folder}", "-k", select]
    return [*options, f"--junitxml={folder}/results.xml", *_suites(folder)]


def _suites(folder: Path) -> list[str]:
    return sorted(path.name for path in work_of(folder).glob("test_*.py"))


def work_of(folder: Path) -> Path:
    """Where the submission lies."""
    return next(path.parent for path in folder.glob("*/test_*_hidden.py"))


def run_cold(folder: Path, environment: dict[str, str], seconds: float) -> int | None:
    """``python -m pytest`` in the submission's folder, as students and simple graders do; its exit status."""
    command = [sys.executable, "-m", "pytest", *arguments(folder)]
    # a student's folder on Python's path is what makes sitecustomize.py and plugins work
    environment = {**os.environ, **environment, "PYTHONPATH": str(work_of(folder))}
    with open(folder / "output", "wb") as output:
        try:
            return subprocess.run(
                command,
                cwd=work_of(folder),
                env=environment,
                stdout=output,
                stderr=output,
                timeout=seconds,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return None


def _run(job: dict) -> None:
    """Be the fork of one job; never returns."""
    folder = Path(job["folder"])
    os.setsid()
    os.chdir(work_of(folder))
    os.environ.update(job["environment"], TMPDIR=f"{folder}/tmp", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    output = os.open(folder / "output", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.open(folder / "report", os.O_CREAT | os.O_WRONLY)  # left open, as graders do with pipes for results
    for stream in (1, 2):
        os.dup2(output, stream)
    sys.argv = sys.orig_argv = ["pytest", *arguments(folder, job["select"])]
    sys.path.insert(0, "")
    sys.dont_write_bytecode = False
    import pytest

    status = 1
    try:
        status = int(pytest.main(arguments(folder, job["select"])))
        atexit._run_exitfuncs()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def main() -> None:
    import numpy  # noqa: F401
    import pytest  # noqa: F401
    import torch

    torch.set_num_threads(1)
    waiting = json.loads(Path(sys.argv[1]).read_text())
    running: dict[int, tuple[dict, float]] = {}
    results: dict[str, dict] = {}
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            job = waiting.pop(0)
            pid = os.fork()
            if pid == 0:
                _run(job)
            running[pid] = (job, time.monotonic() + job["seconds"])
        for pid, (job, end) in list(running.items()):
            is_late = time.monotonic() > end
            if is_late:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
            done, status = os.waitpid(pid, 0 if is_late else os.WNOHANG)
            if done:
                results[job["name"]] = {"status": os.waitstatus_to_exitcode(status), "is_late": is_late}
                del running[pid]
                if job["times"] > 1:
                    waiting.append({**job, "times": job["times"] - 1})
        time.sleep(0.01)
    Path(sys.argv[2]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
