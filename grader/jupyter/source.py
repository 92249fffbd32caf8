"""Finds the code of the notebook that is open: as it is saved where that can be found, otherwise as it has run.

A kernel does not know its notebook. Jupyter's server tells the path in ``JPY_SESSION_NAME``, VS Code in a variable of
the notebook, and Colab gives the whole notebook when it is asked. Where the saved file is older than what has run, a
check takes what has run, and nothing is handed in before the notebook is saved.
"""

from __future__ import annotations

import importlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.errors import SubmissionError
from grader.jupyter import session
from grader.notebook import Notebook, read_notebook

_COLAB_SECONDS = 20
#: larger ones are not read: what is handed in has at most 16 MiB, without outputs
_LARGEST = 200 << 20


@dataclass(frozen=True)
class Code:
    """The code of the notebook, and where it comes from."""

    #: the notebook's own name, or one made of the exercise's
    file_name: str
    #: what is handed in: a notebook without outputs
    content: bytes
    notebook: Notebook
    #: whether it is the saved notebook
    is_saved: bool
    #: names whose saved definition is not the one that ran last
    unsaved: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Saved:
    name: str
    content: bytes


def read_code(slug: str, names: list[str]) -> Code:
    """The notebook's code. ``names``: what the exercise asks for. Raises SubmissionError where there is none yet."""
    shell = session.shell()
    cells = session.cells_that_ran(shell) if shell is not None else []
    saved = _find_saved(shell)
    differ: list[str] = []
    if saved is not None:
        content = without_outputs(saved.content)
        try:
            notebook = read_notebook(content, saved.name)
        except SubmissionError:
            if not _defines(cells):
                raise
            differ = sorted({name for cell in cells for name in cell.binds} & set(names))
        else:
            differ = session.unsaved(cells, notebook.source, names)
            if not differ:
                return Code(saved.name, content, notebook, is_saved=True)
    if not _defines(cells):
        raise SubmissionError(
            "There is no code yet: no cell that has run defines anything. Run the cells with your functions first, "
            "then this one.",
            "Ainda não há código: nenhuma célula que rodou define algo. Rode antes as células com suas funções, depois "
            "esta.",
        )
    return _as_run(slug, cells, saved.name if saved else "", tuple(differ))


def folder_of(shell: Any) -> Path:
    """Where the notebook lies, or else the working directory."""
    path = _path_of(shell)
    return path.parent if path else Path.cwd()


def without_outputs(content: bytes) -> bytes:
    """A notebook without what its cells have shown: pictures make it large, and nobody grades them."""
    try:
        document = json.loads(content)
        for cell in document["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, KeyError, TypeError, RecursionError):
        return content  # its reader says what is wrong
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")


def _as_run(slug: str, cells: list[session.Cell], name: str, differ: tuple[str, ...]) -> Code:
    kept = session.latest(cells)
    content = session.as_notebook(kept)
    notebook = read_notebook(content, f"{slug}.ipynb")
    numbers = [cell.number for cell in kept]
    # Students know these cells by In [n].
    places = tuple((line, numbers[number - 1]) for line, number in notebook.cells)
    shown = Notebook(notebook.source, places, notebook.left_out)
    return Code(name or f"{slug}.ipynb", content, shown, is_saved=False, unsaved=differ)


def _defines(cells: list[session.Cell]) -> bool:
    own = {name for cell in cells for name in cell.binds}
    return bool(own - {"check", "submit", "login", "grader"})


def _find_saved(shell: Any) -> _Saved | None:
    path = _path_of(shell)
    if path is not None:
        try:
            if path.stat().st_size <= _LARGEST:
                return _Saved(path.name, path.read_bytes())
        except OSError:
            return None
    return _ask_colab()


def _path_of(shell: Any) -> Path | None:
    if shell is None:
        return None
    # With real-time collaboration the name begins with the drive's.
    told = [shell.user_ns.get("__vsc_ipynb_file__"), os.environ.get("JPY_SESSION_NAME", "").removeprefix("RTC:")]
    for name in told:
        if isinstance(name, str) and name.endswith(".ipynb"):
            for path in (Path(name), Path.cwd() / Path(name).name):
                if path.is_file():
                    return path.absolute()
    return None


def _ask_colab() -> _Saved | None:
    try:
        _message = importlib.import_module("google.colab._message")
    except ImportError:
        return None
    answer = _message.blocking_request("get_ipynb", timeout_sec=_COLAB_SECONDS)
    document = answer.get("ipynb") if isinstance(answer, dict) else None
    if not isinstance(document, dict):
        return None
    colab = document.get("metadata", {}).get("colab", {})
    name = str(colab.get("name") or "notebook.ipynb") if isinstance(colab, dict) else "notebook.ipynb"
    return _Saved(name if name.endswith(".ipynb") else f"{name}.ipynb", json.dumps(document).encode())
