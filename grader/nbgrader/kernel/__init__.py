"""A Jupyter kernel inside Gradiente's sandbox: no network, no view of the course, limits, and nothing left at the end.

For a course that keeps nbgrader's own pipeline, in ``nbgrader_config.py``::

    from grader.nbgrader.kernel import configure

    c = get_config()
    configure(c)

It keeps the host safe from the notebooks. Points that tests in a notebook give are not safe with it: answers live in
the same process as the tests, see and change them. Where that matters, ``grader.nbgrader.autograde`` grades.

    Jupyter ── provisioner ── parent ──▶ brood, a warm process without secrets ──fork──▶ application, in the sandbox
        ▲                                                                                     │
        └────────────── five sockets, made outside, in a folder of their own ─────────────────┘

This module alone does without Jupyter.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

#: the kernel's name, and that of its provisioner
NAME = "gradiente-sandbox"
#: what Jupyter searches for ``kernels/NAME/kernel.json``
SPECS = Path(__file__).resolve().parent / "jupyter"
#: the sockets that a kernel has, in the order in which it gets them
CHANNELS = ("shell", "iopub", "stdin", "hb", "control")


def configure(config: Any) -> None:
    """Let nbgrader execute notebooks in the sandbox, whatever kernel they ask for.

    The kernel is found where it lies, in this package: nothing is written into a home or an environment, nobody else's
    Jupyter shows it, and it always fits the version that is installed.
    """
    config.Execute.kernel_name = NAME
    find_kernel()


def find_kernel() -> None:
    """Let this process and what it starts find the kernel by its name."""
    path = os.environ.get("JUPYTER_PATH", "")
    if str(SPECS) not in path.split(os.pathsep):
        os.environ["JUPYTER_PATH"] = os.pathsep.join([str(SPECS), path]) if path else str(SPECS)
