"""The words and signs that pages use for verdicts, states and faults."""

from __future__ import annotations

from grader.report import PARTLY, Owner, Verdict
from grader.training.known import title_of
from server.i18n import mark
from server.models import State
from server.rules import Standing

#: by outcome: a verdict, or what a failed test is called that leaves a part of its points
VERDICTS: dict[str, str] = {
    Verdict.PASSED: mark("passed"),
    PARTLY: mark("partly"),
    Verdict.FAILED: mark("failed"),
    Verdict.CRASHED: mark("crashed"),
    Verdict.TOO_SLOW: mark("too slow"),
    Verdict.TOO_BIG: mark("too big"),
    Verdict.SKIPPED: mark("skipped"),
    Verdict.GRADER_ERROR: mark("grader error"),
}

#: told apart by shape as well as by colour
SIGNS: dict[str, str] = {
    Verdict.PASSED: "✓",
    PARTLY: "◐",
    Verdict.FAILED: "✗",
    Verdict.CRASHED: "!",
    Verdict.TOO_SLOW: "…",
    Verdict.TOO_BIG: "▲",
    Verdict.SKIPPED: "–",
    Verdict.GRADER_ERROR: "?",
}

MADE_UP = mark("signs made up for this training")


def data_title(name: str) -> str:
    """What a data set is called, to be translated."""
    return MADE_UP if name == "glyphs" else title_of(name)


STATES = {
    State.RECEIVED: mark("received"),
    State.RUNNING: mark("being graded"),
    State.GRADED: mark("graded"),
    State.FAILED: mark("not graded"),
}

STANDINGS = {
    Standing.UNTOUCHED: mark("not started"),
    Standing.WAITING: mark("waiting"),
    Standing.TRIED: mark("in progress"),
    Standing.SOLVED: mark("solved"),
}

#: what a student reads when it was not their doing; the cause is for staff
FAULTS = {
    Owner.EXERCISE: mark(
        "This exercise has a fault of ours, so your submission could not be graded. It is kept, "
        "it costs you no attempt, and there is nothing to change in your code because of it."
    ),
    Owner.INFRASTRUCTURE: mark(
        "Something on our side kept your submission from being graded, several times over. It is kept "
        "and costs you no attempt. Please hand it in again later."
    ),
}
