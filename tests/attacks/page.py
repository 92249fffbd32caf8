"""The tables of docs/attacks.md: ``python -m tests.attacks.page`` writes them, from the corpus and what was measured.

What was measured is what the command printed::

    gradiente attack --json > benchmarks/results/attacks.json
    gradiente attack --without each --json > benchmarks/results/layers.json
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.attack.case import Case
from grader.attack.corpus import find_corpus
from grader.attack.layers import PURPOSE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "attacks.md"
RESULTS = ROOT / "benchmarks" / "results"


def classes() -> dict[str, Any]:
    """The classes with what they are, and what was asked for by name."""
    return tomllib.loads((ROOT / "tests" / "attacks" / "classes.toml").read_text(encoding="utf-8"))


def named(cases: list[Case], beginnings: list[str]) -> list[str]:
    """The attacks whose names begin so."""
    return [case.name for case in cases if case.name.startswith(tuple(beginnings))]


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def class_table() -> str:
    """A row per class."""
    cases = find_corpus().cases()
    lines = ["| class | way to cheat or to harm | tried by |", "|---|---|---|"]
    for number, told in classes()["class"].items():
        tried = _code([case.name for case in cases if int(number) in case.classes])
        parts = [tried, told.get("elsewhere", ""), f"not tried: {told['out']}" if "out" in told else ""]
        lines.append(f"| {number} | {told['is']} | {'; '.join(part for part in parts if part)} |")
    return "\n".join(lines)


def named_table() -> str:
    """A row per kind that is asked for by name."""
    cases = find_corpus().cases()
    lines = ["| kind | submissions |", "|---|---|"]
    lines += [f"| {kind} | {_code(named(cases, found))} |" for kind, found in classes()["named"].items()]
    return "\n".join(lines)


def result() -> str:
    """The figure, with what was measured where."""
    found = _read("attacks.json")
    versions = f"Gradiente {found['gradiente']}, Python {found['python']}, torch {found['torch']}, {found['kernel']}"
    layers = ", ".join(found["layers"])
    missing = ", ".join(found["missing"]) or "none"
    return (
        f"**{len(found['accepted'])} of {found['attacks']} accepted** on {found['date'][:10]}: {versions}. "
        f"Layers in force: {layers}; missing: {missing}. It took {found['seconds']:.0f} s on a machine with two "
        "processors that had other work."
    )


def layer_table() -> str:
    """A row per layer."""
    found = _read("layers.json")
    lines = ["| layer | what it is for | attacks that it alone stops |", "|---|---|---|"]
    for layer, row in found["without"].items():
        alone = f"not left out: {row['stays']}" if row["stays"] else _code(_names(row)) or "none here"
        if row.get("skipped"):
            alone += f"; not run without it: {', '.join(f'`{name}` ({why})' for name, why in row['skipped'].items())}"
        lines.append(f"| {layer} | {PURPOSE[layer]} | {alone} |")
    return "\n".join(lines)


def survey() -> str:
    """What gets through with no layer at all."""
    found = _read("layers.json")
    rows = [row for row in found["without"].values() if not row["stays"]]
    alone = {name for row in rows for name in _names(row)}
    through = _names(found["survey"])
    several = [name for name in through if name not in alone]
    seconds = found["survey"]["seconds"] + sum(row["seconds"] for row in rows)
    attacks, where = found["survey"]["attacks"], f"{found['date'][:10]} ({found['kernel']})"
    return (
        f"Measured on {where}, in {seconds / 60:.0f} minutes. With every layer off at once, {len(through)} of {attacks}"
        " attacks got something; the others are stopped by what is no layer of the sandbox: the verdict is reached in"
        " another process, which believes nothing, and archives are read within bounds."
        f" Of the {len(through)}, {len(alone & set(through))} are stopped by one layer alone, and {len(several)} by"
        f" several, each of which is enough: {_code(several)}."
    )


def _names(row: dict[str, Any]) -> list[str]:
    return [outcome["case"] for outcome in row["accepted"]]


def _read(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


PARTS = {"result": result, "survey": survey, "layers": layer_table, "classes": class_table, "named": named_table}


#: what stands in place of figures that nobody has measured since the corpus or the command changed
NOT_YET = "Not measured yet."


def _make(part: Callable[[], str]) -> str:
    try:
        return part()
    except FileNotFoundError:
        return NOT_YET


def render(page: str) -> str:
    """The page with its parts as they are to be."""
    for name, part in PARTS.items():
        before, begin, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = f"\n{rest}".partition(f"\n<!-- end of {name} -->")
        assert begin, name
        assert end, name
        page = before + begin + _make(part) + end + after
    return page


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
