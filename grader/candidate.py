"""The untrusted end: holds the student's module in a sandboxed process and answers what the examiner asks.

Everything in this process may be changed by the student's code once it is loaded. Nothing that leaves it is believed;
no secret is ever in it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import linecache
import os
import socket
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from grader import forbid
from grader.notebook import definitions_only, find_cell
from grader.shared import Shared
from grader.wire.blob import Blob
from grader.wire.channel import Channel, ChannelClosed
from grader.wire.fault import Fault, describe
from grader.wire.peer import Peer
from grader.wire.values import FRAME, Bounds, MalformedValue

#: Where the submission's files lie in the sandbox.
FOLDER = Path("/tmp/submission")

#: bytes that stay free for telling that there are no others
_RESERVE = 4 << 20

# Bound before an exercise's forbidden names are blocked.
_set_num_threads = torch.set_num_threads

#: Types that both sides have and that do nothing when they are called.
_PLAIN_TYPES = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (int, float, bool, str, list, tuple, dict, set, complex, bytes)
}


class CandidatePolicy:
    """Serves everything: the examiner is trusted and this process holds nothing of worth."""

    maps_blobs = True
    classes: frozenset[str] = frozenset()

    def __init__(self, bounds: Bounds, seed: Callable[[int], object] = torch.manual_seed) -> None:
        self.bounds = bounds
        #: where the cells of a notebook begin in the file made of it
        self.cells: list[tuple[int, int]] = []
        self._seed = seed
        self._reserve = bytearray(_RESERVE)

    def reseed(self, seed: Any) -> None:
        """Seed every generator, each test with another number."""
        self._seed(seed)

    def check(self, op: str, target: Any, name: str) -> None:
        """Allow it."""
        if not self._reserve:
            with contextlib.suppress(MemoryError):
                self._reserve = bytearray(_RESERVE)

    def failed(self, error: BaseException) -> None:
        """Make room: what has taken the memory is held by the frames that the error names."""
        if isinstance(error, MemoryError):
            self._reserve = bytearray()

    def deadline(self) -> float | None:
        """Wait for the examiner as long as it takes."""
        return None

    def served(self) -> None:
        """Let what was printed be heard with the test that caused it."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:
                continue

    def describe(self, error: BaseException) -> Fault:
        """Name the exception and show the student's own lines of its traceback."""
        return describe(error, _own_lines(error, self.cells))

    def name_global(self, value: Any) -> tuple[str, str] | None:
        """Send Python's plain types by name, everything else as a reference."""
        key = (
            (getattr(value, "__module__", ""), getattr(value, "__qualname__", "")) if isinstance(value, type) else None
        )
        return key if key is not None and _PLAIN_TYPES.get(key) is value else None

    def find_global(self, module: str, name: str) -> Any:
        """Resolve a library object that a test passes in."""
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found


class Candidate:
    """What the examiner may ask for before there is a module: object 0 of the wire."""

    def __init__(self, slug: str, shared: Shared, policy: CandidatePolicy) -> None:
        self.slug = slug
        self.source = ""
        self._shared = shared
        self._policy = policy

    def place(self, files: dict[str, bytes], cells: list[tuple[int, int]], names: list[str]) -> list[str]:
        """Write the submission's files; return what of a notebook is not taken over. ``names``: what must stay."""
        self._policy.cells = cells
        for name, content in files.items():
            path = FOLDER / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        left_out: list[str] = []
        main = FOLDER / f"{self.slug}.py"
        if cells:
            source, left_out = definitions_only(main.read_text(encoding="utf-8"), names)
            main.write_text(source, encoding="utf-8")
        os.chdir(FOLDER)
        with io.open_code(str(main)) as file:
            self.source = importlib.util.decode_source(file.read())
        return list(left_out)

    def forbidden(self, names: list[str]) -> list[tuple[int, str, str]]:
        """Read all sources of the submission for forbidden names, before any of its code runs."""
        if not names:
            return []
        sources = [importlib.util.decode_source(path.read_bytes()) for path in sorted(FOLDER.rglob("*.py"))]
        # A method of the student's own that is called backward is not the tensor's, in whichever file it is.
        try:
            own = [method for source in sources for method in forbid.own_methods(source)]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return []  # it cannot run either; loading it shows the student the line
        uses = [use for source in sources for use in forbid.find_forbidden(source, names, own)]
        return [(use.line, use.name, use.how) for use in uses]

    def load(self, seed: int) -> ModuleType:
        """Import the student's file and return the module."""
        self._shared.seed_everything(seed)
        sys.path.insert(0, str(FOLDER))
        path = FOLDER / f"{self.slug}.py"
        # Under its short name: that is what the student reads in a traceback.
        shown = path.name
        linecache.cache[shown] = (len(self.source), None, self.source.splitlines(keepends=True), shown)
        spec = importlib.util.spec_from_file_location(self.slug, path)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[self.slug] = module
        exec(compile(self.source, shown, "exec", dont_inherit=True), module.__dict__)
        return module


def run(wire: socket.socket, slug: str, bounds: Bounds, shared: Shared, threads: int = 1) -> None:
    """Answer the examiner until it hangs up. Called in the sandbox, with standard output already redirected."""
    Blob.folder = "/dev/shm"
    # Not in the warm parent: no thread survives a fork.
    _set_num_threads(threads)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w"), encoding="utf-8", errors="replace", write_through=True)
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w"), encoding="utf-8", errors="replace", write_through=True)
    # A process that the student's code forks must not answer beside this one.
    os.register_at_fork(after_in_child=wire.close)
    policy = CandidatePolicy(bounds, shared.seed_everything)
    peer = Peer(Channel(wire, FRAME), policy)
    peer.publish(Candidate(slug, shared, policy))
    try:
        peer.serve()
    except (ChannelClosed, MalformedValue):
        os._exit(0)


def _own_lines(error: BaseException, cells: list[tuple[int, int]]) -> str:
    """The traceback as the student knows it: frames of the submission alone, and for syntax errors the line."""
    if isinstance(error, SyntaxError) and error.filename and not error.filename.startswith("/"):
        if found := find_cell(cells, error.lineno or 0):
            error.filename, error.lineno, error.end_lineno = f"cell {found[0]}", found[1], None
        return "".join(traceback.format_exception_only(error))
    try:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename)]
    except Exception:
        return ""
    for frame in frames:
        found = None if frame.filename.startswith("/") else find_cell(cells, frame.lineno or 0)
        frame.filename = frame.filename.removeprefix(f"{FOLDER}/")
        if found:
            frame.filename, frame.lineno = f"cell {found[0]}", found[1]
    shown = frames if len(frames) <= 20 else frames[:10] + frames[-10:]
    return "".join(traceback.format_list(shown))


def _is_own(filename: str) -> bool:
    return filename.startswith(f"{FOLDER}/") or not filename.startswith(("/", "<"))
