"""Runs nbgrader's commands as forks of one process: to import nbgrader costs three seconds, and a command hardly more.

Reads a command a line, in JSON: words, folder, environment, file for what it writes. Answers with its exit status.
"""

from __future__ import annotations

import json
import os
import sys


def run(words: list[str], folder: str, environment: dict[str, str], output: str) -> int:
    """Be the command; give its exit status."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    sys.argv = ["nbgrader", *words]
    try:
        NbGraderApp.launch_instance()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    return 0


if __name__ == "__main__":
    from nbgrader.apps.nbgraderapp import NbGraderApp

    for line in sys.stdin:
        if not (child := os.fork()):
            status = run(*json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
