"""``gradiente list``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from grader.command.options import (
    catalogue_of,
    json_output,
    language,
    language_of,
    read_all,
    show_errors,
    trees,
)


@click.command()
@json_output
@language
@trees
def command(as_json: bool, lang: str | None, exercises: Path | None, solutions: Path | None) -> None:
    """List exercises, with title, module and prerequisites.

    Exit status 0: all are listed; 3: one cannot be read, and standard error says why.
    """
    chosen = language_of(lang)
    readable, errors = read_all(catalogue_of(exercises, solutions))
    show_errors(errors, chosen)
    rows = [
        {
            "slug": exercise.slug,
            "title": exercise.title[chosen],
            "module": exercise.config.module,
            "module_title": exercise.module_title[chosen],
            "chapter": exercise.config.chapter,
            "prerequisites": exercise.config.prerequisites,
            "version": exercise.version,
        }
        for exercise in readable
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
    else:
        _show(rows)
    sys.exit(3 if errors else 0)


def _show(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("exercise", "title", "module", "needs"):
        table.add_column(heading)
    for row in rows:
        table.add_row(row["slug"], row["title"], row["module_title"], ", ".join(row["prerequisites"]))
    Console().print(table)
