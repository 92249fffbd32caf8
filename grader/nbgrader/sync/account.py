"""Tells people what came of a run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from grader.command.show import printable
from grader.nbgrader.export.words import number
from grader.nbgrader.sync.assignment import Account
from grader.nbgrader.sync.decision import COMMENT, DUE, PENALTY, POINTS
from grader.nbgrader.sync.run import Strangers

_WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "line": "{name}: gradebook: {gradebook}; portal: {portal}",
        "trial": "{name}: would change gradebook: {gradebook}; portal: {portal}",
        "assignment": "assignment",
        "students": ("{n} student", "{n} students"),
        "nothing": "{name}: nothing to do",
        "headings": ("assignment", "student", "what", "portal", "gradebook", "last common"),
        "conflicts": "Changed on both sides, and left as they are:",
        "decide": "Which side is right? --take portal or --take gradebook, with --student for some of them alone.",
        "look": "  look at this again, it was graded by hand for another attempt: {names}",
        "waits": "  points and comments stay in the gradebook until all is graded by hand there: {names}",
        "drafts": "  comments were added to drafts of reviews, which the portal shows when they are published: {names}",
        "refused": "  the portal did not take what was given to {login}: {text}",
        "strangers": "Students of the gradebook who are not in the course on the portal: {names}",
        "bad_ids": "nbgrader cannot keep the work of students with + or * in their ids: {names}",
        "assignments": "Assignments of the gradebook that are not on the portal: {names}",
        PENALTY: "late penalty", POINTS: "points", COMMENT: "comment", DUE: "due date",
    },
    "pt-BR": {
        "line": "{name}: gradebook: {gradebook}; portal: {portal}",
        "trial": "{name}: mudaria gradebook: {gradebook}; portal: {portal}",
        "assignment": "tarefa",
        "students": ("{n} estudante", "{n} estudantes"),
        "nothing": "{name}: nada a fazer",
        "headings": ("tarefa", "estudante", "o quê", "portal", "gradebook", "último comum"),
        "conflicts": "Mudaram dos dois lados e ficaram como estão:",
        "decide": "Que lado está certo? --take portal ou --take gradebook, com --student só para alguns.",
        "look": "  olhe de novo, foi corrigido à mão para outra tentativa: {names}",
        "waits": "  pontos e comentários ficam no gradebook até tudo estar corrigido à mão lá: {names}",
        "drafts": "  comentários foram para rascunhos de revisões, que o portal mostra quando publicados: {names}",
        "refused": "  o portal não aceitou o que foi dado a {login}: {text}",
        "strangers": "Estudantes do gradebook que não estão no curso no portal: {names}",
        "bad_ids": "O nbgrader não consegue guardar o trabalho de quem tem + ou * no identificador: {names}",
        "assignments": "Tarefas do gradebook que não estão no portal: {names}",
        PENALTY: "desconto por atraso", POINTS: "pontos", COMMENT: "comentário", DUE: "prazo",
    },
}  # fmt: skip

#: names that are told in one line
_MANY = 12
#: characters of a text in the table
_SHORT = 40


def tell(account: Account, language: str, *, is_trial: bool) -> None:
    """Tell what came of an assignment, but for the conflicts."""
    say = _WORDS[language]
    task = account.task
    name = task.name if task.name == task.key.exercise else f"{task.key.exercise} = {task.name}"
    if account.apart is not None:
        click.echo(printable(account.apart.text[language]))
        return
    here = account.students | {each.login for each in account.decisions if each.changes_gradebook}
    there = {each.login for each in account.decisions if each.changes_portal}
    if not (here or there or account.made):
        click.echo(say["nothing"].format(name=name))
    else:
        gradebook = ", ".join(([say["assignment"]] if account.made else []) + _count(here, say))
        counts = {"gradebook": gradebook or "–", "portal": ", ".join(_count(there, say)) or "–"}
        click.echo(say["trial" if is_trial else "line"].format(name=name, **counts))
    again = [f"{each.login} ({', '.join(each.look_again)})" for each in account.decisions if each.look_again]
    _list(say["look"], again)
    _list(say["waits"], [each.login for each in account.decisions if each.waits])
    _list(say["drafts"], account.drafts)
    for login, text in account.refused.items():
        click.echo(printable(say["refused"].format(login=login, text=text)))


def tell_conflicts(accounts: Iterable[Account], language: str) -> None:
    """Show what has changed on both sides, as a table."""
    say = _WORDS[language]
    found = [(account.task.name, conflict) for account in accounts for conflict in account.conflicts]
    if not found:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in say["headings"]:
        # A name that is cut is of no use.
        table.add_column(heading, overflow="fold")
    for name, each in found:
        values = (each.portal, each.gradebook, each.common)
        row = (name, each.student or "–", say.get(each.what, each.what), *(_show(value, language) for value in values))
        table.add_row(*(printable(part) for part in row))
    click.echo("\n" + say["conflicts"])
    Console().print(table)
    click.echo(say["decide"])


def tell_strangers(strangers: Strangers, language: str) -> None:
    """Tell what only the gradebook has."""
    say = _WORDS[language]
    bad = [id for id in strangers.students if "+" in id or "*" in id]
    _list(say["strangers"], [id for id in strangers.students if id not in bad])
    _list(say["bad_ids"], bad)
    _list(say["assignments"], strangers.assignments)


def _count(students: set[str], say: dict[str, Any]) -> list[str]:
    """How many students there are, if there are any."""
    return [say["students"][len(students) != 1].format(n=len(students))] if students else []


def _list(text: str, names: list[str]) -> None:
    if names:
        more = f" (+{len(names) - _MANY})" if len(names) > _MANY else ""
        click.echo(printable(text.format(names=", ".join(names[:_MANY]) + more)))


def _show(value: Any, language: str) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, int | float):
        return number(value, language)
    text = str(value)
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        flat = " ".join(text.split())
        return flat if len(flat) <= _SHORT else f"{flat[: _SHORT - 1]}…"
