"""``gradiente login``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import click

from grader.access import URL, Access, clean_token, clean_url, is_in_the_clear, keep
from grader.client import Client
from grader.command.options import language, language_of
from grader.command.show import printable
from grader.errors import SubmissionError

_WORDS = {
    "en": {
        "ask": "Make a token on {page} and paste it here (it is not shown)",
        "clear": "Warning: {url} is not encrypted; others on the way can read the token.",
        "done": "Logged in to {url} as {name} ({login}), until {until}. Kept in {path}.",
        "lacks": "Warning: the token may not {scope}.",
        "submit": "hand in",
        "read": "look at submissions",
    },
    "pt-BR": {
        "ask": "Crie um token em {page} e cole-o aqui (ele não aparece)",
        "clear": "Aviso: {url} não é criptografado; outros no caminho podem ler o token.",
        "done": "Você entrou em {url} como {name} ({login}), até {until}. Guardado em {path}.",
        "lacks": "Aviso: o token não pode {scope}.",
        "submit": "entregar",
        "read": "olhar entregas",
    },
}


@click.command()
@click.argument("url", required=False)
@click.option("--token-file", type=click.File(encoding="utf-8"), help="File that holds the token; - is standard input.")
@language
def command(url: str | None, token_file: TextIO | None, lang: str | None) -> None:
    """Log in to the portal at URL with a token of your account's page.

    The token is checked and kept in your folder of settings, readable by you alone. Without URL, GRADIENTE_URL is used.
    """
    chosen = language_of(lang)
    say = _WORDS[chosen]
    address = clean_url(_given(url))
    if is_in_the_clear(address):
        click.echo(say["clear"].format(url=address), err=True)
    if token_file is not None:
        raw = token_file.read()
    else:
        raw = click.prompt(say["ask"].format(page=f"{address}/account"), hide_input=True, err=True)
    token = clean_token(raw)
    account = Client(address, token, chosen).me()
    path = keep(Access(address, token))
    _greet(say, address, account, path)


def _given(url: str | None) -> str:
    found = url or os.environ.get(URL, "")
    if not found:
        raise SubmissionError(
            "Which portal? Write its address: gradiente login https://gradiente.example.org",
            "Qual portal? Escreva o endereço: gradiente login https://gradiente.example.org",
        )
    return found


def _greet(say: dict[str, str], url: str, account: dict[str, object], path: Path) -> None:
    token = account["token"]
    assert isinstance(token, dict), "the request carried a token"
    values = {name: printable(str(account[name])) for name in ("name", "login")}
    until = str(token["expires_at"])[:10]
    click.echo(say["done"].format(url=url, until=until, path=path, **values))
    for scope in ("submit", "read"):
        if scope not in token["scopes"]:
            click.echo(say["lacks"].format(scope=say[scope]), err=True)
