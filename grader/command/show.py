"""A report on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Styled

from grader.report import PARTLY, Report, TestResult, Text, Verdict
from grader.sentences import say as sentence
from grader.training.known import title_of

_SIGNS: dict[str, tuple[str, str]] = {
    PARTLY: ("◐", "yellow"),
    Verdict.PASSED: ("✓", "green"),
    Verdict.SKIPPED: ("–", "yellow"),
    Verdict.GRADER_ERROR: ("!", "magenta"),
}

_WORDS: dict[str, tuple[str, str]] = {
    "points": ("points", "pontos"),
    "hint": ("hint", "dica"),
    "output": ("your output", "sua saída"),
    "left_out": ("left out", "deixado de fora"),
    "hardware": ("graded on", "corrigido em"),
    "not_graded": ("not graded", "não corrigido"),
    "partly": ("partly", "em parte"),
    "stand_in": (
        "Ran on {used}, because {wanted} is not installed here.",
        "Rodou com {used}, porque {wanted} não está instalado aqui.",
    ),
    "data": ("data", "dados"),
}


def show_report(report: Report, language: str) -> None:
    """Print one report in the student's language."""
    console = Console(highlight=False)
    say = {key: words[language == "pt-BR"] for key, words in _WORDS.items()}
    console.print(Styled(_heading(report, say), style="bold"))
    if report.owner is not None:
        console.print(Styled(f"  {say['not_graded']}: {_pick(report.message, language)}", style="red"))
    for line in report.left_out:
        console.print(Styled(f"  {say['left_out']}: {printable(line)}", style="dim"))
    told = report.obstacle
    if told is not None:
        show_obstacle(console, told, language)
    for test in report.tests:
        show_test(console, test, language, told=told is test)
    if report.hardware:
        console.print(Styled(f"  {say['hardware']}: {printable(report.hardware)}", style="dim"))


def show_obstacle(console: Console, test: TestResult, language: str) -> None:
    """Print what one test says for all that were not run."""
    console.print(Styled(f"  {_pick(test.message, language)}", style="red"))
    if test.traceback:
        console.print(Styled(_indent(test.traceback), style="dim"))


def _heading(report: Report, say: dict[str, str]) -> str:
    return f"{printable(report.submission)} · {report.exercise} · {report.score:g}/{report.max_score:g} {say['points']}"


def show_test(console: Console, test: TestResult, language: str, *, told: bool = False) -> None:
    """Print one test of a report in the student's language; what is told already, for all, is left out."""
    say = {key: words[language == "pt-BR"] for key, words in _WORDS.items()}
    sign, colour = _SIGNS.get(test.outcome, ("✗", "red"))
    heading = f"  {sign} {_pick(test.title, language)}  {test.earned:g}/{test.points:g}"
    console.print(Styled(f"{heading} {say['partly']}" if test.outcome == PARTLY else heading, style=colour))
    _show_data(console, test, say)
    message = sentence("not_loaded") if test.unloaded else {} if told else test.message
    if message:
        console.print(Styled(f"      {_pick(message, language)}"))
    if test.verdict is Verdict.PASSED:
        return
    if test.traceback and not test.unloaded:
        console.print(Styled(_indent(test.traceback), style="dim"))
    if test.output:
        console.print(Styled(f"      {say['output']}:\n{_indent(test.output)}", style="dim"))
    if test.hint and not test.unloaded and test.verdict not in (Verdict.SKIPPED, Verdict.GRADER_ERROR):
        hint = _pick(test.hint, language)
        if hint:
            console.print(Styled(f"      {say['hint']}: {hint}", style="cyan"))


def _show_data(console: Console, test: TestResult, say: dict[str, str]) -> None:
    """Say what it ran on: in a sentence where that is not what it asked for."""
    for wanted, used in test.stand_ins:
        names = {"wanted": printable(title_of(wanted)), "used": printable(title_of(used))}
        console.print(Styled(f"      {say['stand_in'].format(**names)}", style="yellow"))
    if test.datasets and not test.stand_ins:
        found = ", ".join(printable(title_of(name)) for name in test.datasets)
        console.print(Styled(f"      {say['data']}: {found}", style="dim"))


def _indent(text: str) -> str:
    return "\n".join(f"        {line}" for line in printable(text).rstrip().splitlines())


def printable(text: str) -> str:
    """Without control characters: a student's output must not steer the terminal that shows it."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


def _pick(text: Text, language: str) -> str:
    return printable(text.get(language) or text.get("en", ""))
