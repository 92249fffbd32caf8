"""``gradiente list``."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from grader.command.options import catalogue_of, json_output, language, language_of, trees


@click.command()
@json_output
@language
@trees
def command(as_json: bool, lang: str | None, exercises: Path | None, solutions: Path | None) -> None:
    """List exercises, with title, module and prerequisites."""
    catalogue = catalogue_of(exercises, solutions)
    chosen = language_of(lang)
    rows = [
        {
            "slug": exercise.slug,
            "title": exercise.title[chosen],
            "module": exercise.config.module,
            "chapter": exercise.config.chapter,
            "prerequisites": exercise.config.prerequisites,
            "version": exercise.version,
        }
        for exercise in catalogue
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("exercise", "title", "module", "needs"):
        table.add_column(heading)
    for exercise in catalogue:
        config = exercise.config
        table.add_row(exercise.slug, exercise.title[chosen], config.module, ", ".join(config.prerequisites))
    Console().print(table)
