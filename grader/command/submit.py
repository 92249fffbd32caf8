"""``gradiente submit``."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

import click

from grader.access import find
from grader.client import Client
from grader.command.follow import follow, show_submission
from grader.command.options import json_output, language, language_of
from grader.command.show import printable
from grader.errors import GraderError, SubmissionError

#: more than any portal takes; what it takes, it says itself
MAX_BYTES = 100_000_000

_WORDS = {
    "en": {
        "received": "Received: {file}, attempt {attempt} at {slug}.",
        "again": "See what comes of it with: {command}",
    },
    "pt-BR": {
        "received": "Recebida: {file}, tentativa {attempt} de {slug}.",
        "again": "Veja o resultado com: {command}",
    },
}


@click.command()
@click.argument("slug")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--wait/--no-wait", default=True, help="Wait for the report (default), or go once it is received.")
@json_output
@language
def command(slug: str, file: Path, wait: bool, as_json: bool, lang: str | None) -> None:
    """Hand in FILE (.py, .ipynb or .zip) to the exercise SLUG on the portal, and show each test as it is done.

    Exit status 0: graded, whatever the score, or received with --no-wait; 2: wrong usage, or the portal refused it;
    3: it could not be reached, or the submission could not be graded for a reason that is not the student's.
    """
    chosen = language_of(lang)
    content = _read(file)
    access = find()
    client = Client(access.url, access.token, chosen)
    submission = client.submit(slug, file.name, content, secrets.token_urlsafe(16))
    id, again = submission["id"], see_again(submission["id"])
    say = _WORDS[chosen]
    shown = {"file": printable(submission["file_name"]), "attempt": submission["attempt"], "slug": slug}
    click.echo(say["received"].format(**shown), err=True)
    if wait:
        try:
            submission = follow(client, slug, id, chosen, show=not as_json)
        except (KeyboardInterrupt, click.Abort, GraderError):
            # It is received, whatever became of the connection.
            click.echo(say["again"].format(command=again), err=True)
            raise
    if as_json:
        click.echo(json.dumps(submission, ensure_ascii=False))
    elif wait:
        show_submission(client, submission, chosen, tests=False)
    else:
        click.echo(say["again"].format(command=again))
    sys.exit(exit_status(submission))


def exit_status(submission: dict[str, object]) -> int:
    """3 when it could not be graded for a reason of ours."""
    return 3 if submission["state"] == "failed" else 0


def see_again(id: str) -> str:
    """The command that shows a submission; an id may begin like an option."""
    return f"gradiente status {'-- ' if id.startswith('-') else ''}{id}"


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise SubmissionError(
                f"{file} is too large to hand in. Send it without data sets, trained weights or outputs of cells.",
                f"{file} é grande demais. Entregue sem conjuntos de dados, pesos treinados ou saídas de células.",
            )
        return file.read_bytes()
    except OSError as error:
        raise SubmissionError(
            f"{file} cannot be read: {error.strerror}. Name the .py, .ipynb or .zip file that you want to hand in.",
            f"Não é possível ler {file}: {error.strerror}. Indique o arquivo .py, .ipynb ou .zip que quer entregar.",
        ) from error
