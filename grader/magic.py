"""Takes IPython's own commands (``%magic``, ``!shell``, ``?help``) out of a cell, line by line and without a parser."""

from __future__ import annotations

import re

#: Cell magics that run the cell's body in the notebook: the body stays.
_TRANSPARENT = frozenset({"%%time", "%%timeit", "%%capture", "%%prun"})

_COMMAND = re.compile(r"[%!?]")
_ASSIGNED = re.compile(r"[\w\s,.]+=\s*[!%]")
_HELP = re.compile(r"%{0,2}[\w.*]+\?{1,2}\s*(#|$)")

#: What changes the meaning of the rest of a line. A backslash hides the sign after it.
_SIGNS = re.compile(r"""\\.|\"{3}|'{3}|["']|\#|[()\[\]{}]""", re.DOTALL)


def strip_magics(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the cell's lines, as many as before, and the commands taken out.

    A line inside a string or brackets, or after a backslash, starts no command: ``% n`` may be a remainder there.
    """
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].startswith("%%"):
        return _strip_cell_magic(lines, first)
    state = _State()
    kept: list[str] = []
    taken: list[str] = []
    is_continued = False
    for line in lines:
        if is_continued or (state.is_fresh and _is_command(line)):
            if not is_continued:
                taken.append(line.strip())
            # In a block something has to stand; what continues a command is a part of it.
            kept.append("" if is_continued else f"{line[: len(line) - len(line.lstrip())]}pass")
            is_continued = line.endswith("\\")
            continue
        state.read(line)
        kept.append(line)
    return kept, taken


def _strip_cell_magic(lines: list[str], first: int) -> tuple[list[str], list[str]]:
    name = lines[first].split()[0]
    if name not in _TRANSPARENT:
        return [""] * len(lines), [lines[first].strip()]
    kept, taken = strip_magics([""] * (first + 1) + lines[first + 1 :])
    return kept, [lines[first].strip(), *taken]


def _is_command(line: str) -> bool:
    text = line.strip()
    return bool(_COMMAND.match(text) or _ASSIGNED.match(text) or _HELP.match(text))


class _State:
    """Where a line begins: in a string, within brackets, after a backslash, or afresh."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._is_joined = False

    @property
    def is_fresh(self) -> bool:
        return not (self._quote or self._depth or self._is_joined)

    def read(self, line: str) -> None:
        """Take in one line without its end."""
        is_comment = False
        for found in _SIGNS.finditer(line):
            sign = found.group()
            if self._quote:
                self._quote = "" if sign == self._quote else self._quote
            elif sign == "#":
                is_comment = True
                break
            else:
                self._open(sign)
        self._is_joined = line.endswith("\\") and not is_comment
        # A string in single quotes ends with its line, unless a backslash joins the next one.
        if len(self._quote) == 1 and not self._is_joined:
            self._quote = ""

    def _open(self, sign: str) -> None:
        if sign[0] in "\"'":
            self._quote = sign
        elif sign in "([{":
            self._depth += 1
        elif sign in ")]}":
            self._depth = max(0, self._depth - 1)
