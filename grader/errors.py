"""Errors that end a grading or a command, each with its owner and a text in every language."""

from __future__ import annotations

from grader.report import Owner, Text


class GraderError(Exception):
    """Something that is not a verdict: ``owner`` has to act, ``text`` says on what."""

    owner = Owner.INFRASTRUCTURE

    def __init__(self, english: str, portuguese: str | None = None) -> None:
        super().__init__(english)
        self.text: Text = {"en": english, "pt-BR": portuguese or english}


class SubmissionError(GraderError):
    """What was handed in cannot be read as a submission."""

    owner = Owner.STUDENT


class ExerciseError(GraderError):
    """The exercise is broken: its author has to mend it."""

    owner = Owner.EXERCISE


class InfrastructureError(GraderError):
    """This host cannot grade: an operator has to act, and the submission is graded again elsewhere."""
