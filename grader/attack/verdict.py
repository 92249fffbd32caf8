"""What an attack must not get: points, secrets, a trace on the host, other people's gradings, the grader itself."""

from __future__ import annotations

import contextlib
import io
import json
import re
from dataclasses import dataclass
from enum import StrEnum

from grader.attack.case import Case
from grader.command.show import show_report
from grader.report import LANGUAGES, Owner, Report, Verdict

#: Expected values, sources and other people's work: nothing of this may reach a student.
SECRETS = (
    "7316.25", "key-90517", "tangerine-4711", "HIDDEN-TESTS-OF-THE-VAULT", "REFERENCE-OF-THE-VAULT", "NEIGHBOUR-MARK",
    "root:x:",
)  # fmt: skip
#: what an attack prints when it has succeeded
CRY = "GOTCHA"
#: signs that do something to a terminal: control codes, and what turns the direction of writing
_ACTIVE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Harm(StrEnum):
    """What an attack got that it must not get."""

    POINTS = "points"
    SECRET = "secret"
    TRACE = "trace"
    OTHERS = "others"
    GRADER = "grader"


@dataclass(frozen=True)
class Finding:
    """One thing that an attack got."""

    harm: Harm
    text: str


@dataclass(frozen=True)
class Trial:
    """An attack's report beside what there is to be had."""

    case: Case
    report: Report
    #: what the reference gets
    honest: Report
    #: texts besides ``SECRETS`` that nobody may read
    secrets: tuple[str, ...] = ()


def judge(trial: Trial) -> list[Finding]:
    """What the report gives away."""
    return (
        [Finding(Harm.POINTS, text) for text in _unearned(trial)]
        + [Finding(Harm.SECRET, text) for text in _told(trial)]
        + [Finding(Harm.OTHERS, text) for text in _acts(trial.report)]
    )


def _unearned(trial: Trial) -> list[str]:
    """What is wrong with points and verdicts."""
    case, report, honest = trial.case, trial.report, trial.honest
    if report.owner is Owner.STUDENT and not case.is_exact:
        return [] if report.tests == () and report.score == 0 else ["refused, and yet there are results"]
    wrong = [] if report.owner is None else [f"owner {report.owner}: {report.message}"]
    passed = [test.name for test in report.tests if test.verdict is Verdict.PASSED and test.points]
    if report.score > case.points or (case.is_exact and report.score != case.points):
        wrong.append(f"{report.score:g} points, {case.fields['must get']} wanted; passed: {', '.join(passed)}")
    if [test.name for test in report.tests] != [test.name for test in honest.tests]:
        wrong.append(f"other tests than announced: {[test.name for test in report.tests]}")
    if report.max_score != honest.max_score:
        wrong.append(f"counts {report.max_score:g} of {honest.max_score:g} points")
    return wrong


def _told(trial: Trial) -> list[str]:
    """Secrets in what the student reads; and the attack's own cry, in what it printed."""
    shown = [trial.report.to_dict(language) for language in LANGUAGES]
    for page in shown:
        del page["seed"]  # it is secret until the grading is over
    text = json.dumps(shown, ensure_ascii=False)
    wrong = [f"the student reads {secret!r}" for secret in (*SECRETS, *trial.secrets) if secret in text]
    cries = [test for test in trial.report.tests if CRY in test.output]
    lines = sorted({line[:120] for test in cries for line in test.output.splitlines() if CRY in line})
    return [*wrong, f"it says {'; '.join(lines[:3])!r}"] if cries else wrong


def _acts(report: Report) -> list[str]:
    """What of a report does something to the terminal of whoever reads it, other than being read."""
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        for language in LANGUAGES:
            show_report(report, language)
    signs = sorted(set(_ACTIVE.findall(shown.getvalue())))
    return [f"the terminal that shows the report gets {', '.join(map(ascii, signs))}"] if signs else []
