"""``grader.submit`` and ``grader.login``: hand the notebook in on the portal, and follow its grading."""

from __future__ import annotations

import getpass
import secrets
import time
from collections.abc import Callable
from typing import Any

from grader.access import Access, clean_token, clean_url, find, is_in_the_clear, keep
from grader.client import Answer, Client, Refused
from grader.command.follow import FAST, SLOW, heading, notes, result_of, tests_of, words
from grader.command.show import printable
from grader.errors import GraderError, SubmissionError
from grader.jupyter.place import find_exercise
from grader.jupyter.session import shell
from grader.jupyter.show import Page, Screen
from grader.jupyter.source import Code, folder_of, read_code
from grader.jupyter.trouble import Interrupted, NotebookError, language_of, plainly
from grader.report import TestResult
from grader.stub import public_names

_WORDS = {
    "en": {
        "received": "Received: {file}, attempt {attempt} at {slug}.",
        "at": "Received at {at}.",
        "page": "submission",
        "receipt": "receipt",
        "points": "{slug}: {points}",
        "token": "Your token stood in the notebook. It was taken out of what was handed in; delete it there, too.",
        "interrupted": "Stopped waiting. It is received all the same: {address}",
        "unfollowed": "It is received all the same: {address}",
        "ask": "Token (made at {page}): ",
        "clear": "Warning: {url} is not encrypted; others on the way can read the token.",
        "done": "Logged in to {url} as {name} ({login}), until {until}. Kept in {path}.",
        "no_input": 'No token was given. Run grader.login("{url}") and paste it when asked.',
    },
    "pt-BR": {
        "received": "Recebida: {file}, tentativa {attempt} de {slug}.",
        "at": "Recebida em {at}.",
        "page": "entrega",
        "receipt": "comprovante",
        "points": "{slug}: {points}",
        "token": "Seu token estava no notebook. Ele foi tirado do que foi entregue; apague-o do notebook também.",
        "interrupted": "A espera foi interrompida. A entrega foi recebida mesmo assim: {address}",
        "unfollowed": "A entrega foi recebida mesmo assim: {address}",
        "ask": "Token (criado em {page}): ",
        "clear": "Aviso: {url} não é criptografado; outros no caminho podem ler o token.",
        "done": "Você entrou em {url} como {name} ({login}), até {until}. Guardado em {path}.",
        "no_input": 'Nenhum token foi dado. Rode grader.login("{url}") e cole-o quando for pedido.',
    },
}


def submit(slug: str, lang: str | None, wait: bool) -> None:
    """Hand in, show the receipt, and then the verdicts. ``wait``: whether to stay until they are there."""
    language = language_of(lang)
    say = _WORDS[language]
    with plainly(language):
        access = find()
        code = read_code(slug, _names(slug))
        _check_saved(code)
        # A log-in with a token in it is a cell like any other, and staff reads what is handed in.
        content = code.content.replace(access.token.encode(), b"...")
        client = Client(access.url, access.token, language)
        try:
            submission = client.submit(slug, code.file_name, content, secrets.token_urlsafe(16))
        except Refused as error:
            raise _unknown(slug, access.url) if error.status == 404 else error from None
    handed_in = _Following(client, submission, language, has_token=content != code.content)
    handed_in.show()
    if not wait:
        return
    address = client.page(submission["page"])
    try:
        handed_in.follow()
    except KeyboardInterrupt:
        raise Interrupted(say["interrupted"].format(address=address)) from None
    except GraderError as error:
        text = printable(error.text[language])
        raise NotebookError(f"{text}\n{say['unfollowed'].format(address=address)}") from None


def login(url: str | None, token: str | None, lang: str | None) -> None:
    """Check a token, and keep it for this user. Without a token it is asked for, so that it stands in no cell."""
    language = language_of(lang)
    say = _WORDS[language]
    with plainly(language):
        address = clean_url(url) if url else _known_url()
        if is_in_the_clear(address):
            print(say["clear"].format(url=address))
        given = token if token is not None else _ask(say["ask"].format(page=f"{address}/account"))
        if not given.strip():
            raise NotebookError(say["no_input"].format(url=address))
        found = Access(address, clean_token(given))
        account = Client(address, found.token, language).me()
        path = keep(found)
    values = {name: printable(str(account[name])) for name in ("name", "login")}
    until = str(account["token"]["expires_at"])[:10]
    print(say["done"].format(url=address, until=until, path=path, **values))


class _Following:
    """A submission on the screen, from its receipt to its report."""

    def __init__(self, client: Client, submission: Answer, language: str, *, has_token: bool) -> None:
        self._client, self._submission, self._language = client, submission, language
        self._say = _WORDS[language]
        self._screen = Screen()
        self._has_token = has_token
        self._tests: dict[int, TestResult] = {}
        self._summary = ""

    def show(self) -> None:
        """Show the receipt."""
        self._screen.show(self._page())

    def follow(self, sleep: Callable[[float], None] = time.sleep) -> None:
        """Show each test as it is done, and the report."""
        id, after, pause = self._submission["id"], 0, FAST
        while True:
            answer = self._client.events(id, after)
            for event in answer["events"]:
                self._take(event.get("test"))
            if not answer["is_open"]:
                break
            self._summary = answer["summary"]
            self._screen.progress(self._page)
            pause = FAST if answer["events"] else min(SLOW, pause * 1.3)
            after = answer["next"]
            sleep(pause)
        self._submission, self._summary = self._client.submission(id), ""
        # The report is whole; not every event may have been heard.
        self._tests = {}
        for test in tests_of(self._submission):
            self._take(test)
        self._screen.show(self._page(is_done=True))

    def _take(self, test: Answer | None) -> None:
        if test:
            self._tests[test["number"]] = result_of(test, self._language)

    def _page(self, *, is_done: bool = False) -> Page:
        told, say = self._submission, self._say
        shown = {"file": told["file_name"], "attempt": told["attempt"], "slug": told["exercise"]}
        title = heading(told, words(self._language)) if is_done else say["received"].format(**shown)
        # What was received has no report yet, and says nothing of one.
        lines: list[Any] = [line for _, line in notes(told, words(self._language))] if is_done else []
        lines += [self._summary] if self._summary else []
        lines += [say["token"]] if self._has_token else []
        lines.append(say["at"].format(at=told["received_at"]))
        page = self._client.page(told["page"])
        lines += [(say["page"], page), (say["receipt"], f"{page}/receipt")]
        return Page(self._language, title, [self._tests[number] for number in sorted(self._tests)], lines)


def _names(slug: str) -> list[str]:
    """What the exercise asks for, where its files are here; a portal may have exercises that are not."""
    try:
        stub = find_exercise(slug, folder_of(shell())).stub
    except GraderError:
        return []
    return public_names(stub) if stub.is_file() else []


def _unknown(slug: str, url: str) -> SubmissionError:
    return SubmissionError(
        f"There is no exercise {slug!r} for you on {url}. Look there for its name: its page's address ends with it.",
        f"Não há exercício {slug!r} para você em {url}. Procure lá o nome: o endereço da página dele termina com ele.",
    )


def _check_saved(code: Code) -> None:
    if code.unsaved:
        names = ", ".join(code.unsaved)
        raise SubmissionError(
            f"Nothing was handed in: the saved notebook has another version of {names} than the one that ran last. "
            "Save the notebook (Ctrl+S) and run this cell again; if you have changed a cell since it ran, run that one "
            "first.",
            f"Nada foi entregue: o notebook salvo tem outra versão de {names} que a última que rodou. Salve o notebook "
            "(Ctrl+S) e rode esta célula de novo; se você mudou uma célula depois de rodá-la, rode-a antes.",
        )


def _known_url() -> str:
    try:
        return find().url
    except SubmissionError:
        raise SubmissionError(
            'Which portal? Write its address: grader.login("https://gradiente.example.org")',
            'Qual portal? Escreva o endereço: grader.login("https://gradiente.example.org")',
        ) from None


def _ask(question: str) -> str:
    try:
        return getpass.getpass(question)
    except (EOFError, NotImplementedError, RuntimeError):
        # A kernel that nobody sits at, such as one that runs a notebook from its start to its end.
        return ""
