"""A report on a terminal."""

from __future__ import annotations

import pytest

from grader.command.show import show_report
from grader.report import FORBIDDEN_TEST, Report, TestResult, Verdict

TITLE = {"en": "Title.", "pt-BR": "Título."}


def made(*tests: TestResult) -> Report:
    return Report("a.py", "toy", "1", "seed", "cpu", tests=tests)


@pytest.mark.parametrize(
    ("language", "title", "not_run"),
    [
        ("en", "Title.", "Not run: your file could not be loaded."),
        ("pt-BR", "Título.", "Não executado: não foi possível carregar seu arquivo."),
    ],
)
def test_what_keeps_tests_from_being_run_is_told_once_and_first(capsys, language, title, not_run):
    reason = {"en": "No x.", "pt-BR": "Sem x."}
    common = {"message": reason, "traceback": "line 3", "hint": TITLE, "unloaded": True}
    tests = [TestResult(name, TITLE, 2, Verdict.CRASHED, **common) for name in ("test_a", "test_b")]
    show_report(made(TestResult("test_c", TITLE, 1, Verdict.PASSED), *tests), language)

    assert capsys.readouterr().out.splitlines()[1:] == [
        f"  {reason[language]}",
        "        line 3",
        f"  ✓ {title}  1/1",
        *2 * [f"  ✗ {title}  0/2", f"      {not_run}"],
    ]


def test_a_forbidden_use_is_told_once_and_first(capsys):
    use, rest = {"en": "Line 2 uses torch.add."}, {"en": "Not run: forbidden."}
    tests = TestResult(FORBIDDEN_TEST, TITLE, 0, Verdict.FAILED, use), TestResult("a", TITLE, 2, Verdict.SKIPPED, rest)
    show_report(made(*tests), "en")

    assert capsys.readouterr().out.splitlines()[1:] == [
        "  Line 2 uses torch.add.",
        "  ✗ Title.  0/0",
        "  – Title.  0/2",
        "      Not run: forbidden.",
    ]
