"""What changed between two sources, line by line."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from functools import lru_cache

#: longer sources are not compared: on unlucky ones the time grows much faster than the length
MAX_LINES = 1500
#: lines of a comparison that are shown
MAX_SHOWN = 400
#: equal lines around each change
CONTEXT = 3


@dataclass(frozen=True)
class Line:
    """One line of a comparison."""

    #: ``+``, ``-``, a space, or ``@`` before a new place in the file
    sign: str
    text: str


@dataclass(frozen=True)
class Difference:
    """What changed."""

    lines: tuple[Line, ...]
    added: int
    removed: int
    #: lines that are not shown
    left_out: int


@lru_cache(maxsize=64)
def difference(before: str, after: str) -> Difference | None:
    """Compare two sources; None: one of them is too long for it."""
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MAX_LINES:
        return None
    # The first two lines name the files.
    found = [_read(line) for line in list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]]
    return Difference(
        tuple(found[:MAX_SHOWN]),
        sum(line.sign == "+" for line in found),
        sum(line.sign == "-" for line in found),
        max(0, len(found) - MAX_SHOWN),
    )


def _read(line: str) -> Line:
    return Line("@", line) if line.startswith("@") else Line(line[:1], line[1:])
