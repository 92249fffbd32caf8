"""``gradiente data``: which data sets are there, and how they come."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from grader.command.options import json_output, language, language_of
from grader.settings import load_settings

_WORDS = {
    "there": ("{name} is in {folder}.", "{name} está em {folder}."),
    "bundled": ("{name} comes with scikit-learn.", "{name} vem com o scikit-learn."),
    "get": ("gradiente data fetch {name}", "gradiente data fetch {name}"),
}


@click.group()
def command() -> None:
    """Data sets for training checks."""


@command.command("list")
@json_output
def list_command(as_json: bool) -> None:
    """List the data sets that are known: whether they are there, where, and who made them."""
    from grader.training.known import KNOWN
    from grader.training.sets import list_sets

    rows = [
        asdict(found) | {"title": KNOWN[found.name].title, "count": KNOWN[found.name].count}
        | {"credit": KNOWN[found.name].credit}
        for found in list_sets(Path(load_settings().data).resolve())
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "data set", "images", "where"):
        table.add_column(heading)
    for row in rows:
        where = row["where"] if row["present"] else _WORDS["get"][0].format(name=row["name"])
        table.add_row("✓" if row["present"] else "–", row["name"], f"{row['count']:,}", where)
    Console(highlight=False).print(table)


@command.command("fetch")
@click.argument("name")
@click.option("--from", "source", metavar="FOLDER_OR_URL", help="A folder, or the address where the files lie.")
@language
def fetch_command(name: str, source: str | None, lang: str | None) -> None:
    """Bring a data set into the data directory; what was begun goes on where it stopped."""
    from grader.training.fetch import fetch
    from grader.training.known import KNOWN, Form

    if name not in KNOWN:
        raise click.UsageError(f"There is no data set {name!r}. Known: {', '.join(KNOWN)}.")
    known, folder = KNOWN[name], Path(load_settings().data).resolve()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(file: str, done: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bars.add_task(file)
            bars.update(tasks[file], completed=done, total=total)

        fetch(known, folder, source, show)
    key = "bundled" if known.form is Form.BUNDLED else "there"
    click.echo(_WORDS[key][language_of(lang) == "pt-BR"].format(name=known.title, folder=folder))
