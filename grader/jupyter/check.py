"""``grader.check``: the public tests of an exercise, run on the notebook's code."""

from __future__ import annotations

import os
from math import isfinite

from grader.jupyter.place import find_exercise
from grader.jupyter.running import Check
from grader.jupyter.session import shell
from grader.jupyter.show import Page, Screen, points_of
from grader.jupyter.source import Code, folder_of, read_code
from grader.jupyter.trouble import Interrupted, NotebookError, language_of, plainly
from grader.report import FORBIDDEN_TEST
from grader.stub import public_names

_WORDS = {
    "en": {
        "loading": "{slug}: starting the tests …",
        "running": "{slug}: {done} of {total} – {title}",
        "public": "These are the public tests; the grader also runs hidden ones.",
        "unsaved": "Checked as it has run. The saved notebook has another version of {names}: save the notebook "
        "(Ctrl+S) before you hand it in.",
        "left_out": "not handed in: {line}",
        "more": "not handed in: {count} more",
        "interrupted": "Stopped. What is shown above was done until then.",
        "seconds": "seconds={seconds!r}: expected a number above 0.",
    },
    "pt-BR": {
        "loading": "{slug}: iniciando os testes …",
        "running": "{slug}: {done} de {total} – {title}",
        "public": "Estes são os testes públicos; o corretor roda também testes ocultos.",
        "unsaved": "Conferido como rodou. O notebook salvo tem outra versão de {names}: salve o notebook (Ctrl+S) "
        "antes de entregar.",
        "left_out": "não é entregue: {line}",
        "more": "não é entregue: mais {count}",
        "interrupted": "Interrompido. Acima está o que foi feito até então.",
        "seconds": "seconds={seconds!r}: esperado um número maior que 0.",
    },
}

#: what of a notebook is left out and worth telling
_LEFT_OUT = 5
_OURS = ("check(", "submit(", "login(", "grader.", "%check", "%submit", "%load_ext grader")


def check(slug: str, lang: str | None, seconds: float | None) -> None:
    """Run the public tests and show the verdicts. ``seconds``: of each test; None: what the exercise says."""
    if os.environ.get("GRADIENTE_CHECKING"):
        return  # the notebook's code is being checked, and this is a part of it
    language = language_of(lang)
    say = _WORDS[language]
    if seconds is not None and not (isinstance(seconds, int | float) and isfinite(seconds) and seconds > 0):
        raise NotebookError(say["seconds"].format(seconds=seconds))
    screen = Screen()
    with plainly(language):
        exercise = find_exercise(slug, folder_of(shell()))
        code = read_code(slug, public_names(exercise.stub) if exercise.stub.is_file() else [])
        running = Check(exercise, code.notebook, language, seconds)

        def page() -> Page:
            if not running.all:
                return Page(language, say["loading"].format(slug=slug))
            title = running.current.title[language] if running.current else ""
            shown = say["running"].format(slug=slug, done=len(running.tests), total=len(running.all), title=title)
            return Page(language, shown, running.tests)

        screen.progress(page)
        try:
            running.run(lambda: screen.progress(page))
        except KeyboardInterrupt:
            if running.tests:
                screen.show(Page(language, f"{slug}: {points_of(running.tests, language)}", running.tests))
            raise Interrupted(say["interrupted"]) from None
    heading = f"{slug}: {points_of(running.tests, language)}"
    tests = [test for test in running.tests if test.name != FORBIDDEN_TEST or test.is_obstacle]
    screen.show(Page(language, heading, tests, _notes(code, running.left_out, say)))


def _notes(code: Code, left_out: list[str], say: dict[str, str]) -> list[str | tuple[str, str]]:
    notes: list[str | tuple[str, str]] = [say["public"]]
    if code.unsaved:
        notes.insert(0, say["unsaved"].format(names=", ".join(code.unsaved)))
    told = [line for line in [*code.notebook.left_out, *left_out] if not _is_ours(line)]
    notes += [say["left_out"].format(line=line) for line in told[:_LEFT_OUT]]
    if len(told) > _LEFT_OUT:
        notes.append(say["more"].format(count=len(told) - _LEFT_OUT))
    return notes


def _is_ours(line: str) -> bool:
    """``cell 3: check("sigmoid")``: that it is left out need not be said."""
    return line.partition(": ")[2].startswith(_OURS)
