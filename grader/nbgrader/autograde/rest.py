"""Cells that the grader does not take, run by nbgrader's own ``Execute`` in the sandboxed kernel.

Tests and answer share that kernel: the host is safe from the notebook, the points are not safe from the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import nbformat
import zmq
import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from nbclient.exceptions import DeadKernelError
from nbgrader import utils
from nbgrader.preprocessors import Execute, LimitOutput
from traitlets import default

from grader.errors import GraderError
from grader.nbgrader.kernel import NAME, SPECS

#: marks in the metadata of a cell that its outputs come from the kernel: nobody can tell what an answer made of them
MARK = "gradiente_kernel"
#: bytes of a cell's outputs that are kept
_OUTPUT = 1 << 20
#: bytes of a message that is read, and messages that wait: together what a flood can take of this process's memory
_MESSAGE, _WAITING = 8 << 20, 32
_OUTPUTS = ("stream", "display_data", "update_display_data", "execute_result", "error")
_HOUSEKEEPING = ("status", "execute_input", "clear_output")
#: what graded notebooks keep of an output; nothing in it is active
_PASSIVE = ("text/plain", "image/png", "image/jpeg")


class _Client(AsyncKernelClient):
    """A client that is not to be flooded."""

    @default("context")
    def _context_default(self) -> Any:
        self._created_context = True
        context = zmq.asyncio.Context()
        context.setsockopt(zmq.MAXMSGSIZE, _MESSAGE)
        context.setsockopt(zmq.RCVHWM, _WAITING)
        return context


class KernelRun(Execute):
    """nbgrader's ``Execute``, in the sandbox whatever is configured, and with bounded outputs."""

    _written = 0
    _is_full = False

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        #: grade ids of the cells that were run
        self.reached: set[str] = set()

    def create_kernel_manager(self) -> Any:
        """Make a manager that knows no other kernel."""
        specs = KernelSpecManager(kernel_dirs=[str(SPECS / "kernels")], ensure_native_kernel=False)
        manager = self.kernel_manager_class(config=self.config, kernel_name=NAME, kernel_spec_manager=specs)
        manager.client_factory = _Client
        self.km = manager
        return manager

    def preprocess_cell(self, cell: Any, resources: Any, index: int) -> Any:
        """Run a cell."""
        self._written, self._is_full = 0, False
        found = super().preprocess_cell(cell, resources, index)
        self.reached.add(cell.metadata.get("nbgrader", {}).get("grade_id", ""))
        return found

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take what a cell writes, as far as there is room for it, and nothing that is for browsers."""
        if msg["msg_type"] in _OUTPUTS:
            self._written += len(json.dumps(msg["content"], default=str))
            if self._written > _OUTPUT:
                if not self._is_full:
                    cell.outputs.append(nbformat.v4.new_output("stream", text="\n... Output truncated ...\n"))
                self._is_full = True
                return None
        elif msg["msg_type"] not in _HOUSEKEEPING:
            return None
        return super().process_message(msg, cell, cell_index)


@dataclass(frozen=True)
class Ran:
    """What the kernel made of a notebook."""

    #: the cells that were asked for and run, by their grade ids
    cells: dict[str, Any] = field(default_factory=dict)
    #: why not all of them were; empty: they were
    why: str = ""

    def points(self, grade_id: str, max_score: float) -> float | None:
        """A cell's points by nbgrader's own rule, but for what it wrote to standard error; None: it tells none."""
        cell = deepcopy(self.cells[grade_id])
        cell.metadata.nbgrader["points"] = max_score
        cell.outputs = [each for each in cell.outputs if each.get("name") != "stderr"]
        try:
            return float(utils.determine_grade(cell)[0])
        except (ValueError, KeyError):  # more than all points, or an output without a text
            return None


def run_rest(parent: Any, notebook: Any, resources: Any, wanted: Iterable[str], deadly: Iterable[str]) -> Ran:
    """Run a notebook for some of its cells, and without others. Raises GraderError where there is no sandbox."""
    runner, copy = KernelRun(parent=parent), deepcopy(notebook)
    for cell in copy.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") in deadly:
            cell.source = ""
    why = ""
    try:
        runner.preprocess(copy, resources)
    except GraderError:
        raise
    except DeadKernelError:
        why = "its kernel ended, by its own doing or for its memory"
    except Exception as error:
        # Whoever holds the kernel can send what nbgrader does not expect, or nothing. That is no reason to lose the
        # notebook's other points.
        why = f"its kernel did not answer as kernels do ({type(error).__name__}: {str(error)[:200]})"
    limit = LimitOutput(parent=parent)
    found = {}
    for index, cell in enumerate(copy.cells):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if grade_id in wanted and grade_id in runner.reached:
            cell.outputs = [_plain(each) for each in cell.outputs]
            found[grade_id] = limit.preprocess_cell(cell, resources, index)[0]
    return Ran(found, why)


def _plain(output: Any) -> Any:
    """An output that can be written and shown, whatever was sent."""
    kind = output.get("output_type")
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return nbformat.v4.new_output(kind, name=name, text=str(output.get("text", "")))
    if kind == "error":
        lines = output.get("traceback")
        return nbformat.v4.new_output(
            kind,
            ename=str(output.get("ename", "")),
            evalue=str(output.get("evalue", "")),
            traceback=[str(line) for line in lines] if isinstance(lines, list) else [],
        )
    data = output.get("data")
    kept = {name: str(data[name]) for name in _PASSIVE if name in data} if isinstance(data, dict) else {}
    return nbformat.v4.new_output("execute_result" if kind == "execute_result" else "display_data", data=kept)
