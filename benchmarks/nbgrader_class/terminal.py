"""Where people type commands: nbgrader's own, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import threading
from multiprocessing.connection import wait
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: its children have nbgrader loaded: to import it costs seconds, a command hardly more
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["nbgrader.apps.nbgraderapp"])
_asking = threading.Lock()


class CommandFailed(Exception):
    """A command did not end well; with what it wrote."""


def nbgrader(folder: Path, variables: dict[str, str], *words: str) -> str:
    """Run ``nbgrader`` in a folder and give what it wrote. May be called by several threads."""
    written = folder.with_suffix(".log")
    process = _context.Process(target=_be, args=(folder, variables, words, written))
    # Who starts a process also asks after all others, and two who ask after the same one at once get no answer.
    with _asking:
        process.start()
    wait([process.sentinel])
    with _asking:
        process.join()
    text = written.read_text(encoding="utf-8")
    if process.exitcode or "Traceback" in text:
        raise CommandFailed(f"nbgrader {' '.join(words)} in {folder}: status {process.exitcode}\n{text}")
    return text


def _be(folder: Path, variables: dict[str, str], words: tuple[str, ...], written: Path) -> None:
    """Be the command, in a process of its own."""
    from nbgrader.apps.nbgraderapp import NbGraderApp

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    target = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    sys.argv = ["nbgrader", *words]
    NbGraderApp.launch_instance()


def run(folder: Path, variables: dict[str, str], *words: str) -> str:
    """Run a module in a folder, as a shell does, and give what it wrote."""
    command = [sys.executable, "-m", *words]
    done = subprocess.run(
        command, cwd=folder, env=variables, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        raise CommandFailed(f"{' '.join(words)} in {folder}: status {done.returncode}\n{done.stdout}")
    return done.stdout
