"""A mutant: the source of a solution with one small mistake, and a description that outlives other changes."""

from __future__ import annotations

import ast
import difflib
import hashlib
import warnings
from collections import Counter
from dataclasses import dataclass, replace

from grader.mutation import flow, rule
from grader.mutation.edit import Written, write
from grader.mutation.site import Site, find_sites
from grader.mutation.text import SourceText


@dataclass(frozen=True)
class Mutant:
    """One mistake. ``where``, ``line``, ``becomes`` and ``nth`` describe it without line numbers."""

    operator: str
    #: dotted name of the function or class around it; empty at the top of the file
    where: str
    #: the text of the changed lines, stripped, before and after
    line: str
    becomes: str
    #: counts changes of equal lines into equal lines within ``where``
    nth: int
    number: int
    source: str

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells mutants of one source apart, whatever happens elsewhere in the file."""
        return (self.where, self.line, self.becomes, self.nth)

    @property
    def id(self) -> str:
        """A short name, as stable as the key."""
        return hashlib.sha256(repr(self.key).encode()).hexdigest()[:8]

    @property
    def description(self) -> str:
        """One line for people."""
        place = f"{self.where}: " if self.where else ""
        return f"{self.id} {self.operator} in {place}{_on_one_line(self.line)} → {_on_one_line(self.becomes)}"

    def diff(self, original: str, name: str) -> str:
        """The change as a unified diff."""
        before, after = original.splitlines(keepends=True), self.source.splitlines(keepends=True)
        return "".join(difflib.unified_diff(before, after, name, f"{name} (mutant {self.id})", n=2))


def mutate(source: str) -> list[Mutant]:
    """Make every mutant of a source, in the order of its lines, each once. Raises SyntaxError for a broken source."""
    tree, text = ast.parse(source), SourceText(source)
    seen = {(statement.lineno, ast.dump(statement)) for statement in tree.body}
    mutants: list[Mutant] = []
    counts: Counter[tuple[str, str, str]] = Counter()
    for site in find_sites(tree):
        for written in _changes(site, text):
            structure = (site.top.lineno, written.structure)
            if structure in seen or not _compiles(written.source):
                continue
            seen.add(structure)
            mutant = _describe(written.operator, site, source, written.source)
            counts[mutant.key[:3]] += 1
            mutants.append(replace(mutant, nth=counts[mutant.key[:3]]))
    return sorted(mutants, key=lambda mutant: mutant.number)


def _changes(site: Site, text: SourceText) -> list[Written]:
    edits = [edit for change in (*rule.RULES, *flow.RULES) for edit in change(site, text)]
    written = [write(text, edit, site.statement, site.top) for edit in edits]
    return [change for change in written if change is not None]


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def _describe(operator: str, site: Site, source: str, changed: str) -> Mutant:
    """Take the lines in which both sources differ."""
    before, after = source.splitlines(), changed.splitlines()
    start = next(place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1])
    shortest = min(len(before), len(after)) - start
    pairs = zip(reversed(before), reversed(after), strict=False)
    kept = next((place for place, pair in enumerate(pairs) if pair[0] != pair[1]), shortest)
    kept = min(kept, shortest - 1)
    line, becomes = (_stripped(lines[start : len(lines) - kept]) for lines in (before, after))
    return Mutant(operator, site.scope, line, becomes, 1, start + 1, changed)


def _stripped(lines: list[str]) -> str:
    return "\n".join(line.strip() for line in lines)


def _on_one_line(text: str) -> str:
    joined = " ".join(text.split("\n"))
    return joined if len(joined) <= 100 else f"{joined[:99]}…"
