"""Follows a grading on a portal and shows it as ``gradiente grade`` shows one of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.text import Text as Styled

from grader.client import Answer, Client
from grader.command.show import printable, show_obstacle, show_test
from grader.command.work import counter
from grader.report import TestResult, Text, Verdict

#: seconds between two questions: while something happens, and while nothing does
FAST, SLOW = 0.4, 2.0

_WORDS: dict[str, tuple[str, str]] = {
    "points": ("points", "pontos"),
    "not_graded": ("not graded", "não corrigido"),
    "left_out": ("left out", "deixado de fora"),
    "attempt": ("attempt", "tentativa"),
    "late": ("handed in late: {percent:g}% of it counts", "entregue com atraso: {percent:g}% disso conta"),
}


def words(language: str) -> dict[str, str]:
    """The words of this output in one language."""
    return {key: pair[language == "pt-BR"] for key, pair in _WORDS.items()}


def follow(client: Client, slug: str, id: str, language: str, show: bool) -> Answer:
    """Wait until a submission is graded, show each test as it is done, and return the submission."""
    screen = _Screen(language)
    with counter(slug) as advance:
        for event in _events(client, id, advance):
            test = event.get("test")
            if show and test:
                screen.show(test)
    submission = client.submission(id)
    if show:
        # Events are kept while the grading runs; what was not heard in time is in the report.
        for test in tests_of(submission):
            screen.show(test)
    return submission


def _events(client: Client, id: str, advance: Callable[[int, int, str], None]) -> Iterator[Answer]:
    """What happens, until there is nothing more to come."""
    after, done, total, pause = 0, 0, 0, FAST
    while True:
        answer = client.events(id, after)
        for event in answer["events"]:
            total = event["tests_total"] or total
            done += event["kind"] == "test"
            advance(done, total, _metric(event) or printable(answer["summary"]))
            yield event
        if not answer["is_open"]:
            return
        if not answer["events"]:
            advance(done, total, printable(answer["summary"]))
        pause = FAST if answer["events"] else min(SLOW, pause * 1.3)
        after = answer["next"]
        time.sleep(pause)


def _metric(event: Answer) -> str:
    metric = event.get("metric")
    if not metric:
        return ""
    values = (f"{printable(str(name))} {value:.4g}" for name, value in metric["values"].items() if value is not None)
    return ", ".join(values)


def show_submission(client: Client, submission: Answer, language: str, tests: bool = True) -> None:
    """Print a submission: its tests if they have not been shown, and what came out."""
    screen = _Screen(language)
    console = screen.console
    if tests:
        for test in tests_of(submission):
            screen.show(test)
    say = words(language)
    console.print(Styled(heading(submission, say), style="bold"))
    for style, line in notes(submission, say):
        console.print(Styled(f"  {printable(line)}", style=style))
    # Written as it is: rich would break a long address.
    print(f"  {client.page(submission['page'])}")


def heading(submission: Answer, say: dict[str, str]) -> str:
    """The line above a submission: file, exercise, attempt, points."""
    parts = [submission["file_name"], submission["exercise"], f"{say['attempt']} {submission['attempt']}"]
    if submission["max_score"]:
        parts.append(f"{submission['score']:g}/{submission['max_score']:g} {say['points']}")
    elif not submission["report"]:
        parts.append(submission["summary"])
    return printable(" · ".join(str(part) for part in parts))


def notes(submission: Answer, say: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What else there is to say of a submission: each with a colour."""
    report: Answer = submission["report"] or {}
    if report.get("message"):
        yield "red", f"{say['not_graded']}: {report['message']}" if submission["fault"] else report["message"]
    for line in report.get("left_out", []):
        yield "dim", f"{say['left_out']}: {line}"
    if submission["max_score"] and submission["credit"] < 1:
        yield "yellow", say["late"].format(percent=submission["credit"] * 100)


def tests_of(submission: Answer) -> list[Answer]:
    """The tests of its report; none where there is no report yet."""
    report: dict[str, Any] = submission["report"] or {}
    found: list[Answer] = report.get("tests", [])
    return found


class _Screen:
    """Prints tests, each once; and once what keeps tests from being run, before the first that tells it."""

    def __init__(self, language: str) -> None:
        self.console = Console(highlight=False)
        self._language = language
        self._shown: set[int] = set()
        self._is_told = False

    def show(self, test: Answer) -> None:
        """Print a test."""
        if test["number"] in self._shown:
            return
        self._shown.add(test["number"])
        result = result_of(test, self._language)
        is_news = result.is_obstacle and not self._is_told
        if is_news:
            self._is_told = True
            show_obstacle(self.console, result, self._language)
        show_test(self.console, result, self._language, told=is_news)


def result_of(test: Answer, language: str) -> TestResult:
    """A test of an answer, as the rest of Gradiente knows it."""

    def texts(name: str) -> Text:
        return {language: test[name]} if test[name] else {}

    return TestResult(
        name=test["name"] or "",
        title=texts("title"),
        points=test["points"],
        share=test["earned"] / test["points"] if test["points"] else 0.0,
        verdict=Verdict(test["verdict"]),
        datasets=test["datasets"],
        message=texts("message"),
        hint=texts("hint"),
        traceback=test["traceback"],
        output=test["output"],
        hidden=test["hidden"],
        unloaded=test["unloaded"],
    )
