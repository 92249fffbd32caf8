"""Tells an instructor what became of each notebook and each cell, on the terminal and in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.nbgrader.conversion.course import Imported
from grader.nbgrader.conversion.trial import Trial
from grader.nbgrader.conversion.turn import Outcome
from grader.nbgrader.export.words import count_points, number

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "heading": "What became of {course}",
        "made": "{where} → {slug}: {points} in {tests}",
        "tests": ("1 test", "{} tests"),
        "none": "{where}: no exercise: {why}",
        "lost": "  {cells} not turned, {points}:",
        "cells": ("1 cell", "{} cells"),
        "cell": "cell {number}",
        "sound": "  the reference gets {reference} of {points}, the stub {stub}",
        "failed": "  the reference does not pass {test}: {message}",
        "passed": "  the stub passes {tests}: it asks for nothing that students write",
        "untried": "  not graded yet: gradiente grade {slug} …",
        "note": "  {note}",
        "numbers": "Cells are counted from the top of the notebook, text and code alike, from 1.",
        "columns": "| cell | id | kind | points | became | why |",
    },
    "pt-BR": {
        "heading": "O que aconteceu com {course}",
        "made": "{where} → {slug}: {points} em {tests}",
        "tests": ("1 teste", "{} testes"),
        "none": "{where}: nenhum exercício: {why}",
        "lost": "  {cells} sem conversão, {points}:",
        "cells": ("1 célula", "{} células"),
        "cell": "célula {number}",
        "sound": "  a referência obtém {reference} de {points}; o esqueleto, {stub}",
        "failed": "  a referência não passa em {test}: {message}",
        "passed": "  o esqueleto passa em {tests}: não pede nada que o estudante escreve",
        "untried": "  ainda não corrigido: gradiente grade {slug} …",
        "note": "  {note}",
        "numbers": "As células são contadas do topo do notebook, texto e código, a partir de 1.",
        "columns": "| célula | id | tipo | pontos | virou | por quê |",
    },
}


def describe(done: list[Imported], language: str) -> Iterator[str]:
    """A few lines for each notebook."""
    say = _WORDS[language]
    for each in done:
        where = f"{each.assignment}/{each.notebook}"
        if not each.slug:
            yield say["none"].format(where=where, why=each.why.get(language, ""))
        elif each.turned:
            tests = sum(len(outcome.became) for outcome in each.turned.outcomes)
            points = count_points(each.turned.points, language)
            counted = _count(tests, "tests", language)
            yield say["made"].format(where=where, slug=each.slug, points=points, tests=counted)
        if each.lost:
            points = count_points(sum(outcome.points for outcome in each.lost if not outcome.became), language)
            yield say["lost"].format(cells=_count(len(each.lost), "cells", language), points=points)
            yield from (f"    {_cell(outcome, language)}: {outcome.why[language]}" for outcome in each.lost)
        yield from (say["note"].format(note=note[language]) for note in each.notes)
        yield from _describe_trial(each, language)


def _count(number: int, key: str, language: str) -> str:
    one, more = _WORDS[language][key]
    return str(one if number == 1 else more.format(number))


def _describe_trial(each: Imported, language: str) -> Iterator[str]:
    say, trial = _WORDS[language], each.trial
    if trial is None:
        yield from [say["untried"].format(slug=each.slug)] if each.slug else []
        return
    points = count_points(trial.points, language)
    reference, stub = number(trial.reference, language), number(trial.stub, language)
    yield say["sound"].format(reference=reference, points=points, stub=stub)
    yield from _faults(trial, language)


def _faults(trial: Trial, language: str) -> Iterator[str]:
    say = _WORDS[language]
    for test, message in (trial.failed or {}).items():
        yield say["failed"].format(test=test, message=" ".join(message.get(language, "").split()))
    yield from (say["passed"].format(tests=test) for test in trial.passed)


def _cell(outcome: Outcome, language: str) -> str:
    say = _WORDS[language]
    parts = [say["cell"].format(number=outcome.cell), outcome.grade_id]
    points = f" ({count_points(outcome.points, language)})" if outcome.points else ""
    return " ".join(part for part in parts if part) + points


def write_account(path: Path, course: Path, done: list[Imported], language: str) -> None:
    """Write the file: one table of cells for each notebook."""
    say = _WORDS[language]
    lines = [f"# {say['heading'].format(course=course.name)}", "", say["numbers"], ""]
    for each in done:
        # The lines of single cells are in the table.
        head, *rest = [line.strip() for line in describe([each], language) if not line.startswith("    ")]
        lines += [f"## {head}", "", *(f"- {line}" for line in rest), ""]
        if each.turned and each.turned.outcomes:
            lines += [say["columns"], "|---|---|---|---|---|---|"]
            lines += [_row(outcome, language) for outcome in each.turned.outcomes]
            lines.append("")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines), encoding="utf-8")


def _row(outcome: Outcome, language: str) -> str:
    became, why = ", ".join(outcome.became), outcome.why.get(language, "").replace("|", "\\|")
    points = f"{outcome.points:g}" if outcome.points else ""
    return f"| {outcome.cell} | {outcome.grade_id} | {outcome.role} | {points} | {became} | {why} |"
