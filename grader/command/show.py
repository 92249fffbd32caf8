"""A report on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Styled

from grader.report import Report, TestResult, Text, Verdict

_SIGNS = {
    Verdict.PASSED: ("✓", "green"),
    Verdict.SKIPPED: ("–", "yellow"),
    Verdict.GRADER_ERROR: ("!", "magenta"),
}

_WORDS: dict[str, tuple[str, str]] = {
    "points": ("points", "pontos"),
    "hint": ("hint", "dica"),
    "output": ("your output", "sua saída"),
    "left_out": ("left out", "deixado de fora"),
    "not_graded": ("not graded", "não corrigido"),
}


def show_report(report: Report, language: str) -> None:
    """Print one report in the student's language."""
    console = Console(highlight=False)
    say = {key: words[language == "pt-BR"] for key, words in _WORDS.items()}
    console.print(Styled(_heading(report, say), style="bold"))
    if report.owner is not None:
        console.print(Styled(f"  {say['not_graded']}: {_pick(report.message, language)}", style="red"))
    for line in report.left_out:
        console.print(Styled(f"  {say['left_out']}: {line}", style="dim"))
    for test in report.tests:
        _show_test(console, test, language, say)


def _heading(report: Report, say: dict[str, str]) -> str:
    return f"{report.submission} · {report.exercise} · {report.score:g}/{report.max_score:g} {say['points']}"


def _show_test(console: Console, test: TestResult, language: str, say: dict[str, str]) -> None:
    sign, colour = _SIGNS.get(test.verdict, ("✗", "red"))
    console.print(Styled(f"  {sign} {_pick(test.title, language)}  {test.earned:g}/{test.points:g}", style=colour))
    if test.verdict is Verdict.PASSED:
        return
    if test.message:
        console.print(Styled(f"      {_pick(test.message, language)}"))
    if test.traceback:
        console.print(Styled(_indent(test.traceback), style="dim"))
    if test.output:
        console.print(Styled(f"      {say['output']}:\n{_indent(test.output)}", style="dim"))
    if test.hint and test.verdict not in (Verdict.SKIPPED, Verdict.GRADER_ERROR):
        hint = _pick(test.hint, language)
        if hint:
            console.print(Styled(f"      {say['hint']}: {hint}", style="cyan"))


def _indent(text: str) -> str:
    return "\n".join(f"        {line}" for line in printable(text).rstrip().splitlines())


def printable(text: str) -> str:
    """Without control characters: a student's output must not steer the terminal that shows it."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


def _pick(text: Text, language: str) -> str:
    return printable(text.get(language) or text.get("en", ""))
