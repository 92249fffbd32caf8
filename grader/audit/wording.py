"""Checks what students read: the docstrings of tests and both statements, complete in both languages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from grader.audit.finding import Problem
from grader.audit.source import TestFunction, find_tests, parse
from grader.exercise import READMES, Exercise
from grader.report import FORBIDDEN_TEST
from grader.shared import load_shared

_LABEL = re.compile(r"^\s*(pt|hint|dica):\s*\S", re.MULTILINE)
_MISSPELT = re.compile(r"^\s*(pt[-_]?br|portugu[eê]s|hints|dicas|tip|PT|Pt|Hint|Dica|HINT|DICA)\s*:", re.MULTILINE)
_FENCE = re.compile(r"^\s*(```|~~~)")
_CAUGHT = re.compile(r"# caught by: (test\w*(?:, test\w*)*)\s*$")


def suites(exercise: Exercise) -> list[Path]:
    """The files of tests that are there."""
    found = (exercise.public_tests, exercise.hidden_tests)
    return [path for path in found if path is not None and path.is_file()]


def tests_of(exercise: Exercise) -> list[TestFunction]:
    """The tests of both files."""
    return [test for path in suites(exercise) for test in find_tests(path)]


def check_tests(exercise: Exercise) -> Iterator[Problem]:
    """Every test has a name of its own and its texts in both languages; what it needs exists."""
    tests = tests_of(exercise)
    names = Counter(test.name for test in tests)
    for path in suites(exercise):
        yield from _check_file(path)
    for test in tests:
        if names[test.name] > 1:
            yield _about(test, f"there are {names[test.name]} tests called {test.name}. Rename all but one.")
        for name in test.needs:
            if name not in names:
                yield _about(test, f"it needs {name!r}, which is no test of this exercise. Mend the marker.")
        yield from _check_docstring(test, exercise)


def _check_file(path: Path) -> Iterator[Problem]:
    tree = parse(path)
    if isinstance(tree, Problem):
        yield tree
    elif not find_tests(path):
        yield Problem(path, None, "there is no test in this file. Write one: def test_...(student).")


def _check_docstring(test: TestFunction, exercise: Exercise) -> Iterator[Problem]:
    labels = {match[1] for match in _LABEL.finditer(test.docstring)}
    if not test.docstring or not load_shared(exercise.shared).read_texts(test.docstring).title["en"]:
        yield _about(test, "it has no title. Begin its docstring with a sentence that students read.")
    if "pt" not in labels:
        yield _about(test, "its title has no translation. Add a paragraph “pt: ...” to its docstring.")
    if "hint" in labels and "dica" not in labels:
        yield _about(test, "it has a hint in English alone. Add “dica: ...”.")
    if "dica" in labels and "hint" not in labels:
        yield _about(test, "it has a hint in Portuguese alone. Add “hint: ...”.")
    for match in _MISSPELT.finditer(test.docstring):
        yield _about(test, f"“{match[1]}:” is no label of a docstring. Use pt:, hint: or dica:.")


def _about(test: TestFunction, text: str) -> Problem:
    return Problem(test.path, test.line, f"{test.name}: {text}")


def named_by(path: Path) -> list[str]:
    """The tests that must catch a wrong solution, from its first line; none where it does not say so."""
    first = path.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    match = _CAUGHT.match(first)
    return match[1].split(", ") if match else []


def check_wrong(exercise: Exercise) -> Iterator[Problem]:
    """Every wrong solution names the tests that must catch it."""
    known = {test.name for test in tests_of(exercise)}
    known |= {FORBIDDEN_TEST} if exercise.config.forbid else set()
    for path in exercise.wrong():
        names = named_by(path)
        if not names:
            yield Problem(path, 1, "the first line does not say who catches it. Write “# caught by: test_a, test_b”.")
        for name in names:
            if name not in known:
                yield Problem(path, 1, f"{name} is no test of this exercise. Name one that catches this mistake.")
    reference = [exercise.reference] if exercise.reference else []
    for path in [exercise.stub, *reference, *exercise.right(), *exercise.wrong()]:
        tree = parse(path) if path.is_file() else None
        if isinstance(tree, Problem):
            yield tree


def check_statements(exercise: Exercise) -> Iterator[Problem]:
    """Both statements have a title and the same parts."""
    paths = {language: exercise.folder / name for language, name in READMES.items()}
    counts = {language: _count(path) for language, path in paths.items() if path.is_file()}
    for language, found in counts.items():
        if not found["headings"]:
            yield Problem(paths[language], None, "there is no heading. Begin with “# Title”.")
        if found["odd"]:
            yield Problem(paths[language], None, "a $$ or ``` is not closed. Close every formula and every code block.")
    if len(counts) < len(paths):
        return  # the missing one is said elsewhere
    for part in ("headings", "formulas ($$)", "code blocks"):
        english, portuguese = counts["en"][part], counts["pt-BR"][part]
        if english != portuguese:
            text = f"{portuguese} {part}, but {READMES['en']} has {english}. Translate the whole statement."
            yield Problem(paths["pt-BR"], None, text)


def _count(path: Path) -> Counter[str]:
    """How many parts of each kind a statement has; what lies in a code block is none."""
    found: Counter[str] = Counter()
    fences = signs = 0
    for line in path.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            fences += 1
        elif fences % 2 == 0:
            signs += line.count("$$")
            found["headings"] += bool(re.match(r"#{1,6} \S", line))
    found["formulas ($$)"], found["code blocks"] = signs // 2, fences // 2
    found["odd"] = signs % 2 + fences % 2
    return found
