"""Runs one input in this process and says what is wrong with what came of it."""

from __future__ import annotations

import resource
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.fuzz.targets import Target

#: Seconds of processor time that one input may take.
SECONDS = 2.0


@dataclass(frozen=True)
class Finding:
    #: what two inputs that meet the same fault have in common
    kind: str
    text: str


def prepare() -> None:
    """Make this process one in which inputs can be compared."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    sys.unraisablehook = _raise_unraised


@contextmanager
def bounded_memory(room: int) -> Iterator[None]:
    """Let this process take so many bytes more than it has; what goes beyond is a MemoryError."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    limit = pages * resource.getpagesize() + room
    resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def probe(target: Target, data: bytes) -> Finding | None:
    """Run one input; None where it was read, or refused as documented."""
    _UNRAISED.clear()
    try:
        target.run(data)
    except target.allowed:
        pass
    except BaseException as error:
        return _describe(error)
    return _describe(_UNRAISED[0]) if _UNRAISED else None


_UNRAISED: list[BaseException] = []


def _raise_unraised(unraised: sys.UnraisableHookArgs) -> None:
    if unraised.exc_value is not None:
        _UNRAISED.append(unraised.exc_value)


def _describe(error: BaseException) -> Finding:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/grader/" in frame.filename and "/tests/" not in frame.filename]
    place = f"{Path(ours[-1].filename).stem}.{ours[-1].name}" if ours else "outside"
    # Without folders: what is kept beside an input is to read the same on every machine.
    lines = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}: {frame.line}" for frame in frames]
    end = traceback.format_exception_only(error)
    return Finding(f"{type(error).__name__} in {place}", "\n".join([*lines, *end]))
