"""Tests and what there is to say of them, as HTML for a notebook and as plain text for a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any

from rich.console import Console
from rich.text import Text as Styled

from grader.command.show import printable, show_obstacle, show_test
from grader.jupyter.session import shell
from grader.report import PARTLY, TestResult, Verdict
from grader.sentences import say
from grader.training.known import title_of

#: tests and notes that are shown, and characters of each text of a test
_TESTS, _NOTES, _LONGEST = 200, 12, 4_000
_WIDTH = 100

_WORDS = {
    "en": {
        "test": "test",
        "verdict": "verdict",
        "points": "points",
        "hint": "hint",
        "output": "your output",
        "where": "where",
        "cut": "[{count:,} characters more]",
        "stand_in": "Ran on {used}, because {wanted} is not installed here.",
        "more": "… and {count} more",
        Verdict.PASSED: "passed",
        Verdict.FAILED: "failed",
        Verdict.CRASHED: "crashed",
        Verdict.TOO_SLOW: "too slow",
        Verdict.TOO_BIG: "too big",
        Verdict.SKIPPED: "skipped",
        Verdict.GRADER_ERROR: "grader error",
        PARTLY: "partly",
    },
    "pt-BR": {
        "test": "teste",
        "verdict": "veredito",
        "points": "pontos",
        "hint": "dica",
        "output": "sua saída",
        "where": "onde",
        "cut": "[mais {count} caracteres]",
        "stand_in": "Rodou com {used}, porque {wanted} não está instalado aqui.",
        "more": "… e mais {count}",
        Verdict.PASSED: "passou",
        Verdict.FAILED: "falhou",
        Verdict.CRASHED: "quebrou",
        Verdict.TOO_SLOW: "lento demais",
        Verdict.TOO_BIG: "grande demais",
        Verdict.SKIPPED: "pulado",
        Verdict.GRADER_ERROR: "erro do corretor",
        PARTLY: "em parte",
    },
}

#: a sign and a colour that can be read on white and on black
_SIGNS: dict[str, tuple[str, str]] = {
    Verdict.PASSED: ("✓", "#2e8b57"),
    PARTLY: ("◐", "#b8860b"),
    Verdict.SKIPPED: ("–", "#b8860b"),
    Verdict.GRADER_ERROR: ("!", "#a060c0"),
}
_BAD = ("✗", "#d9534f")

# JupyterLab itself breaks lines within words, and gives each pre a background of its own.
_PRE = (
    "white-space:pre-wrap;overflow-wrap:anywhere;word-break:normal;background:none;max-height:20em;overflow:auto;"
    "margin:.2em 0"
)
_TABLE = "color:inherit;font-size:inherit"
_CELL = "text-align:left;vertical-align:top;padding:.25em .6em"


@dataclass
class Page:
    """What is shown: a heading, tests, and lines below them."""

    language: str
    heading: str
    tests: Sequence[TestResult] = ()
    #: lines, or the two parts of a link: its text and its address
    notes: list[str | tuple[str, str]] = field(default_factory=list)

    def to_html(self) -> str:
        """For a notebook. Every text is escaped: names and outputs are the student's."""
        parts = [f'<div lang="{self.language}"><p><strong>{_escape(self.heading)}</strong></p>']
        if self.tests:
            words = _WORDS[self.language]
            heads = "".join(
                f'<th scope="col" style="{_CELL}">{words[name]}</th>' for name in ("verdict", "points", "test")
            )
            rows = "".join(self._rows())
            parts.append(f'<table style="{_TABLE}"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>')
        parts += [f"<p>{_line(note)}</p>" for note in self._all_notes()]
        return "".join([*parts, "</div>"])

    def to_text(self) -> str:
        """For a terminal."""
        written = io.StringIO()
        # rich must not notice that it is in a notebook: there it shows by itself what is to be written.
        console = Console(file=written, width=_WIDTH, highlight=False, color_system=None, force_jupyter=False)
        console.print(Styled(printable(self.heading)))
        told = _obstacle(self.tests)
        if told is not None:
            show_obstacle(console, _short(told, self.language), self.language)
        for test in self.tests[:_TESTS]:
            show_test(console, _short(test, self.language), self.language, told=told is test)
        for note in self._all_notes():
            # Written as they are: rich would break a long address.
            written.write(f"  {printable(note if isinstance(note, str) else ': '.join(note))}\n")
        return written.getvalue().rstrip("\n")

    def _all_notes(self) -> list[str | tuple[str, str]]:
        hidden = len(self.tests) - _TESTS
        more = [_WORDS[self.language]["more"].format(count=hidden)] if hidden > 0 else []
        return [*more, *self.notes[:_NOTES]]

    def _rows(self) -> list[str]:
        told = _obstacle(self.tests)
        shown = [_short(test, self.language) for test in self.tests[:_TESTS]]
        rows = []
        for test, whole in zip(shown, self.tests, strict=False):
            sign, colour = _SIGNS.get(test.outcome, _BAD)
            word = _WORDS[self.language][test.outcome]
            verdict = f'<span style="white-space:nowrap"><span style="color:{colour}">{sign}</span> {word}</span>'
            cells = [verdict, f"{test.earned:g}/{test.points:g}", self._about(test, is_told=whole is told)]
            rows.append("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>")
        return rows

    def _about(self, test: TestResult, *, is_told: bool) -> str:
        words, parts = _WORDS[self.language], [_escape(_pick(test.title, self.language))]
        for wanted, used in test.stand_ins:
            parts.append(_escape(words["stand_in"].format(wanted=title_of(wanted), used=title_of(used))))
        # What keeps the file from being loaded is said once, with the first test.
        message = say("not_loaded") if test.unloaded and not is_told else test.message
        if message:
            parts.append(_escape(_pick(message, self.language)))
        if test.verdict is Verdict.PASSED:
            return "<br>".join(parts)
        if test.hint and not test.unloaded and test.verdict not in (Verdict.SKIPPED, Verdict.GRADER_ERROR):
            parts.append(f"<em>{words['hint']}: {_escape(_pick(test.hint, self.language))}</em>")
        folded = []
        if test.traceback and (is_told or not test.unloaded):
            folded.append(_fold(words["where"], test.traceback, is_open=True))
        if test.output:
            folded.append(_fold(words["output"], test.output))
        return "<br>".join(parts) + "".join(folded)


class Screen:
    """Where one call shows its page, and later versions of it in the same place."""

    def __init__(self) -> None:
        self._shell = shell()
        self._handle: Any = None
        #: a notebook replaces what it has shown, a terminal writes it again
        self.is_live = getattr(self._shell, "kernel", None) is not None

    def progress(self, make: Callable[[], Page]) -> None:
        """Show a page that is not the last, where it can be replaced."""
        if self.is_live:
            self.show(make())

    def show(self, page: Page) -> None:
        """Show a page."""
        if self._shell is None:
            print(page.to_text())
            return
        from IPython.display import display

        bundle = {"text/plain": page.to_text(), "text/html": page.to_html()}
        if not self.is_live:
            display(bundle, raw=True)  # type: ignore[no-untyped-call, unused-ignore]
        elif self._handle is None:
            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call, unused-ignore]
        else:
            self._handle.update(bundle, raw=True)


def points_of(tests: Sequence[TestResult], language: str) -> str:
    """The sum, as in ``3/12 points``."""
    earned = sum(test.earned for test in tests)
    total = sum(test.points for test in tests if test.verdict is not Verdict.GRADER_ERROR)
    return f"{earned:g}/{total:g} {_WORDS[language]['points']}"


def _obstacle(tests: Sequence[TestResult]) -> TestResult | None:
    return next((test for test in tests if test.is_obstacle), None)


def _short(test: TestResult, language: str) -> TestResult:
    """Nothing longer than people read, and no control characters."""

    def cut(text: str) -> str:
        # Sentences and tracebacks of a long output end with what matters; outputs are read from the start.
        left = len(text) - _LONGEST
        return text if left <= 0 else f"{text[:_LONGEST]}\n{_WORDS[language]['cut'].format(count=left)}"

    message = {name: cut(text) for name, text in test.message.items()}
    return replace(test, message=message, traceback=cut(test.traceback), output=cut(test.output))


def _fold(name: str, text: str, *, is_open: bool = False) -> str:
    shown = escape(printable(text).rstrip())
    return f'<details{" open" * is_open}><summary>{name}</summary><pre style="{_PRE}">{shown}</pre></details>'


def _line(note: str | tuple[str, str]) -> str:
    if isinstance(note, str):
        return _escape(note)
    text, address = note
    if not address.startswith(("https://", "http://")):
        return _escape(": ".join(note))
    link = f'href="{_escape(address)}" target="_blank" rel="noopener" style="color:inherit;text-decoration:underline"'
    return f"{_escape(text)}: <a {link}>{_escape(address)}</a>"


def _escape(text: str) -> str:
    # Notebooks set what stands between dollar signs as maths.
    return escape(printable(text)).replace("$", "&#36;")


def _pick(text: dict[str, str], language: str) -> str:
    return text.get(language) or text.get("en", "")
