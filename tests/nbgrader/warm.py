"""Runs nbgrader's commands as forks of one process: to import nbgrader costs three seconds, and a command hardly more.

    python warm.py [MODULE...]         what else to import before

Reads a line of JSON for each fork: words, folder, environment, file for what it writes. Answers with its exit status.
The words may be those of several commands, a list each, which are then run one after the other, as in a formgrader.
"""

from __future__ import annotations

import importlib
import json
import os
import sys


def run(words: list[str] | list[list[str]], folder: str, environment: dict[str, str], output: str) -> int:
    """Be the command, or the commands; give the exit status, of several the worst."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    commands = words if isinstance(words[0], list) else [words]
    return max(run_one(each) for each in commands)


def run_one(words: list[str]) -> int:
    sys.argv = ["nbgrader", *words]
    try:
        NbGraderApp.launch_instance()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        type(JupyterApp.instance()).clear_instance()
    return 0


if __name__ == "__main__":
    from jupyter_core.application import JupyterApp
    from nbgrader.apps.nbgraderapp import NbGraderApp

    for name in sys.argv[1:]:
        importlib.import_module(name)
    for line in sys.stdin:
        if not (child := os.fork()):
            sys.exit(run(*json.loads(line)))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
