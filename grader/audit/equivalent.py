"""Reads ``equivalent.toml``: mutants that cannot be told from the reference, each with the reason.

[[equivalent]]
where = "softmax"                    # dotted name of the function or class; empty at the top of the file
line = "if n > 0:"                   # the changed lines, stripped
becomes = "if n >= 0:"               # or a list of texts
nth = 2                              # which one, where the same line changes the same way twice (1 unless said)
reason = "an empty batch has no rows to change"
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from grader.audit.finding import Problem
from grader.mutation import Mutant

NAME = "equivalent.toml"

#: The key of a mutant: where, line, becomes, nth.
Key = tuple[str, str, str, int]


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One record: one line, what it may become, and why nobody can tell."""

    line: str
    becomes: str | list[str]
    reason: str
    where: str = ""
    nth: int = 1

    def mutants(self) -> Iterator[Key]:
        """The mutants that it declares equivalent."""
        for text in [self.becomes] if isinstance(self.becomes, str) else self.becomes:
            yield (self.where, self.line.strip(), text.strip(), self.nth)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    equivalent: list[Entry] = []


def read_entries(path: Path) -> tuple[list[Entry], list[Problem]]:
    """The records of one file; none where there is no file."""
    if not path.is_file():
        return [], []
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).equivalent
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        return [], [Problem(path, None, f"{error}. Mend the file; each entry has where, line, becomes and reason.")]
    empty = [entry for entry in found if not entry.reason.strip()]
    problems = [
        Problem(path, _line(path, entry.line), "an entry has no reason. Say why nobody can tell.") for entry in empty
    ]
    return found, problems


def check_entries(path: Path, entries: list[Entry], mutants: list[Mutant]) -> Iterator[Problem]:
    """Every record describes a mutant that exists, once."""
    known, seen = {mutant.key for mutant in mutants}, set[Key]()
    for entry in entries:
        for key in entry.mutants():
            if key in seen:
                yield Problem(path, _line(path, entry.line), f"“{key[2]}” is recorded twice. Remove one.")
            elif key not in known:
                yield Problem(path, _line(path, entry.line), f"no mutant turns “{key[1]}” into “{key[2]}”. Remove it.")
            seen.add(key)


def killed_after_all(path: Path, key: Key, test: str) -> Problem:
    """A record of a mutant that a test tells from the reference."""
    return Problem(path, _line(path, key[1]), f"“{key[2]}” is not equivalent: {test} catches it. Remove the entry.")


def entry_for(mutant: Mutant) -> str:
    """The record of a mutant, all but the reason."""
    lines = ["[[equivalent]]", f"where = {_quoted(mutant.where)}"] if mutant.where else ["[[equivalent]]"]
    lines += [f"line = {_quoted(mutant.line)}", f"becomes = {_quoted(mutant.becomes)}"]
    lines += [f"nth = {mutant.nth}"] if mutant.nth > 1 else []
    return "\n".join([*lines, 'reason = ""', ""])


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's, too."""
    return json.dumps(text, ensure_ascii=False)


def _line(path: Path, text: str) -> int | None:
    """Where a record stands, as far as its first line tells."""
    first = text.strip().partition("\n")[0]
    lines = path.read_text(encoding="utf-8").splitlines()
    wanted = (first, _quoted(first)[1:-1])
    return next((number for number, line in enumerate(lines, 1) if any(word in line for word in wanted)), None)
