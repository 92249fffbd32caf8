"""Runs notebooks as Jupyter's kernel does, and tells what nbgrader would make of each cell of tests.

    python shell.py NOTEBOOK...         a line for each: {grade id: [points, what it says, what it writes to stderr]}

Each notebook has a process of its own, a fork of one that has torch: to start five kernels would cost ten seconds more.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import torch
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output


def grade(path):
    """The points of each cell, by the rule of nbgrader's ``utils.determine_grade``."""
    os.chdir(path.parent)
    sys.path.insert(0, "")
    shell = InteractiveShell(user_module=sys.modules["__main__"])
    shell.InteractiveTB.set_mode("Plain")
    graded = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        with capture_output(display=False) as captured:
            result = shell.run_cell("".join(cell["source"]), store_history=True)
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade"):
            points = 0 if captured.stderr or result.error_in_exec else result.result
            graded[marks["grade_id"]] = [
                marks["points"] if points is None else points,
                captured.stdout
                + "".join(traceback.format_exception_only(result.error_in_exec) if result.error_in_exec else ()),
                captured.stderr,
            ]
        elif result.error_before_exec:
            raise result.error_before_exec
    return graded


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:]:
        if not (child := os.fork()):
            sys.stdout.write(json.dumps(grade(Path(name))) + "\n")
            sys.stdout.flush()
            os._exit(0)
        if os.waitpid(child, 0)[1]:
            sys.exit(1)
