"""What a graded notebook shows below a cell of tests, for its student and its instructor."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from grader.nbgrader.autograde.paper import Result
from grader.report import Report, TestResult, Text, Verdict

#: marks in an output's metadata that it is ours: no value of a hidden test is in it
OURS = "gradiente"

_SIGNS = {True: "✓", False: "✗"}

_VERDICTS: dict[str, Text] = {
    Verdict.FAILED: {"en": "failed", "pt-BR": "falhou"},
    Verdict.CRASHED: {"en": "crashed", "pt-BR": "quebrou"},
    Verdict.TOO_SLOW: {"en": "too slow", "pt-BR": "lento demais"},
    Verdict.TOO_BIG: {"en": "too much memory", "pt-BR": "memória demais"},
    Verdict.SKIPPED: {"en": "not run", "pt-BR": "não rodou"},
    Verdict.GRADER_ERROR: {
        "en": "the grader's fault: an instructor will look at it",
        "pt-BR": "falha do corretor: um instrutor vai olhar",
    },
}

_FORGEABLE: Text = {
    "en": "These points come from a kernel that the tests share with the answer, which can forge them.",
    "pt-BR": "Estes pontos vêm de um kernel que os testes dividem com a resposta, e ela pode forjá-los.",
}
_LOOKED_AT: Text = {
    "en": f"{_FORGEABLE['en']}\nSomebody will look at them.",
    "pt-BR": f"{_FORGEABLE['pt-BR']}\nAlguém vai conferi-los.",
}


def describe(result: Result, report: Report, language: str) -> dict[str, Any]:
    """An output of a cell, as text and as HTML; nothing in it is active."""
    return _output("\n".join(_lines(result, report, language)))


def describe_kernel(review: bool, language: str) -> dict[str, Any]:
    """An output that says what points from a kernel are worth."""
    return _output(_LOOKED_AT[language] if review else _FORGEABLE[language])


def _output(text: str) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {OURS: True},
        "data": {"text/plain": text, "text/html": f'<pre style="white-space:pre-wrap">{escape(text)}</pre>'},
    }


def _lines(result: Result, report: Report, language: str) -> Iterator[str]:
    if report.owner:
        yield f"{_SIGNS[False]} {report.message.get(language, '')}"
    for test in result.tests:
        yield from _describe(test, language)


def _describe(test: TestResult, language: str) -> Iterator[str]:
    passed = test.verdict is Verdict.PASSED
    verdict = "" if passed else f": {_VERDICTS[test.verdict][language]}"
    title = test.title[language] if passed else test.title[language].removesuffix(".")
    yield f"{_SIGNS[passed]} {title}{verdict}"
    if passed:
        return
    # A hint says nothing about a file that cannot be loaded.
    hint = "" if test.unloaded else test.hint.get(language, "")
    for text in (test.message.get(language, ""), test.traceback, hint):
        yield from (f"    {line}" for line in text.splitlines())
