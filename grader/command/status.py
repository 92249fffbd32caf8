"""``gradiente status``."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from grader.access import find
from grader.client import Client
from grader.command.follow import show_submission
from grader.command.options import json_output, language, language_of
from grader.command.show import printable
from grader.command.submit import exit_status

_WORDS = {
    "en": {
        "headings": ("submission", "exercise", "no.", "received", "points"),
        "none": "You have not handed anything in yet.",
        "received": "received",
        "running": "being graded",
        "graded": "graded",
        "failed": "not graded",
    },
    "pt-BR": {
        "headings": ("entrega", "exercício", "nº", "recebida", "pontos"),
        "none": "Você ainda não entregou nada.",
        "received": "recebida",
        "running": "em correção",
        "graded": "corrigida",
        "failed": "não corrigida",
    },
}


@click.command()
@click.argument("id", required=False)
@click.option("--limit", type=click.IntRange(1, 100), default=10, show_default=True, help="Submissions to list.")
@json_output
@language
def command(id: str | None, limit: int, as_json: bool, lang: str | None) -> None:
    """List your last submissions on the portal, or show the one of ID with its report.

    Exit status 0: shown; 2: wrong usage; 3: the portal cannot be reached, or the submission of ID could not be graded
    for a reason that is not the student's.
    """
    chosen = language_of(lang)
    access = find()
    client = Client(access.url, access.token, chosen)
    found: Any = client.submission(id) if id else client.submissions(limit)
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    elif id:
        show_submission(client, found, chosen)
    else:
        _list(found, _WORDS[chosen])
    sys.exit(exit_status(found) if id else 0)


def _list(submissions: list[dict[str, Any]], say: dict[str, Any]) -> None:
    if not submissions:
        click.echo(say["none"])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(say["headings"]):
        # An id that is cut is of no use.
        table.add_column(heading, no_wrap=number == 0, min_width=0 if number else len(submissions[0]["id"]))
    for each in submissions:
        score = f"{each['score']:g}/{each['max_score']:g}" if each["max_score"] else say[each["state"]]
        at = datetime.fromisoformat(each["received_at"]).astimezone().strftime("%Y-%m-%d %H:%M")
        row = (each["id"], each["exercise"], str(each["attempt"]), at, score)
        table.add_row(*(printable(part) for part in row))
    Console().print(table)
