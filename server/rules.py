"""The rules of handing in, as plain functions: what may be handed in, which attempt counts, where a student stands.

Nothing here knows Flask or the database; pages, the API and the command line ask the same functions.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath, PureWindowsPath
from typing import Protocol, TypeVar

from grader.report import Owner
from server.i18n import mark

#: kinds of files that can be graded
ENDINGS = (".py", ".ipynb", ".zip")

MAX_FILE_NAME = 120


class Refusal(StrEnum):
    """Why something is not accepted, as a sentence for the student."""

    NOTHING = mark("Choose a file or paste your code first.")
    STUB = mark("The code is still the stub, without your solution. Write it there, or choose a file.")
    TWO_THINGS = mark("There is both a file and pasted code. Send one of the two.")
    EMPTY = mark("The file is empty. Nothing was handed in.")
    KIND = mark("Only .py, .ipynb and .zip files can be graded.")
    TOO_BIG = mark("The file is larger than this portal accepts.")
    NOT_OPEN = mark("This exercise is not open yet.")
    CLOSED = mark("This exercise is closed. Nothing was handed in.")
    NO_ATTEMPTS = mark("You have used all attempts at this exercise.")
    COOLDOWN = mark("There is a pause between two attempts. It is not over yet; nothing was handed in.")
    TOO_MANY = mark("Several of your submissions are still waiting to be graded. Try again when one is done.")


class Standing(StrEnum):
    """How far a student is with an exercise."""

    UNTOUCHED = "untouched"
    WAITING = "waiting"
    TRIED = "tried"
    SOLVED = "solved"


class Attempt(Protocol):
    """What the rules look at in a submission."""

    @property
    def attempt(self) -> int:
        """Its number."""

    @property
    def is_open(self) -> bool:
        """Whether a verdict is still to come."""

    @property
    def score(self) -> float | None:
        """Points earned; None: not graded."""

    @property
    def max_score(self) -> float | None:
        """Points there were; None: not graded."""

    @property
    def credit(self) -> float:
        """The part of the score that counts; less than 1 when it was handed in late."""

    @property
    def owner(self) -> Owner | None:
        """Who has to act; None: nobody."""

    @property
    def is_free(self) -> bool:
        """Whether it costs no attempt, whoever has to act."""


A = TypeVar("A", bound=Attempt)


def check_upload(file_name: str, size: int, max_size: int) -> Refusal | None:
    """Say why a file is not accepted; None: it is."""
    if not file_name.lower().endswith(ENDINGS):
        return Refusal.KIND
    if size == 0:
        return Refusal.EMPTY
    return Refusal.TOO_BIG if size > max_size else None


def check_waiting(waiting: int, max_waiting: int) -> Refusal | None:
    """Say whether a student has to wait for earlier submissions; they fill the line for everybody."""
    return Refusal.TOO_MANY if waiting >= max_waiting else None


def next_attempt(last: int | None) -> int:
    """Number the next submission; ``last`` is None before the first."""
    return 1 if last is None else last + 1


def is_counted(submission: Attempt) -> bool:
    """Whether a submission costs an attempt: not when the exercise or the infrastructure was at fault."""
    return not submission.is_free and submission.owner in (None, Owner.STUDENT)


def best(submissions: Iterable[A]) -> A | None:
    """Choose the attempt that counts: the best score, among equals the earliest; None: none was graded."""
    scored = [each for each in submissions if each.max_score]
    return max(scored, key=lambda each: (share(each), each.score or 0.0, -each.attempt), default=None)


def last(submissions: Iterable[A]) -> A | None:
    """Choose the attempt that counts where the last one does: the newest that was graded; None: none was."""
    return max((each for each in submissions if each.max_score), key=lambda each: each.attempt, default=None)


def share(submission: Attempt) -> float:
    """The part of the points that a submission earned and keeps, from 0 to 1."""
    if not submission.max_score or submission.score is None:
        return 0.0
    return submission.score / submission.max_score * submission.credit


def standing(submissions: Iterable[Attempt]) -> Standing:
    """Sum up where a student stands with an exercise."""
    attempts = list(submissions)
    if any(each.max_score and each.score == each.max_score for each in attempts):
        return Standing.SOLVED
    if any(each.is_open for each in attempts):
        return Standing.WAITING
    return Standing.TRIED if attempts else Standing.UNTOUCHED


def clean_name(raw: str) -> str:
    """Take a file's name as the browser sent it: no folders, no invisible characters, not too long."""
    name = PureWindowsPath(PurePosixPath(raw).name).name
    name = "".join(letter for letter in name if not _is_invisible(letter)).strip()
    path = PurePosixPath(name)
    return name if len(name) <= MAX_FILE_NAME else path.stem[: MAX_FILE_NAME - 10] + path.suffix[:10]


def _is_invisible(letter: str) -> bool:
    """Controls and formats, such as the mark that shows "exe.py" as "yp.exe", and Unicode's own ends of lines."""
    category = unicodedata.category(letter)
    return category[0] == "C" or category in ("Zl", "Zp")
