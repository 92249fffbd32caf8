"""What the API tells of a submission: its state, its grading and its report, as its student may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from flask import url_for

from grader.report import Owner, Report, Verdict
from server import words
from server.api.meta import about
from server.context import _, language, now, reader
from server.models import State, Submission
from server.submission import live, shown, veil
from server.submission.progress import Progress

Curve = dict[str, list[list[float | None]]]


class SubmissionEntry(msgspec.Struct, kw_only=True):
    """A submission."""

    id: Annotated[str, about("Its id.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    attempt: Annotated[int, about("Its number among the student's submissions to the exercise.")]
    state: Annotated[State, about("Where it is on its way: received, running, graded or failed (could not be graded).")]
    file_name: Annotated[str, about("The file's name.")]
    size: Annotated[int, about("The file's bytes.")]
    sha256: Annotated[str, about("The file's SHA-256.")]
    received_at: Annotated[datetime, about("When it was received: this counts for due dates.")]
    started_at: Annotated[datetime | None, about("When its grading began; null: it has not.")]
    finished_at: Annotated[datetime | None, about("When its grading ended; null: it has not.")]
    score: Annotated[float | None, about("Points earned; null: not graded.")]
    max_score: Annotated[float | None, about("Points that there were to earn; null: not graded.")]
    credit: Annotated[float, about("The part of the score that counts: less than 1 when it was handed in late.")]
    fault: Annotated[Owner | None, about("Whose fault it is that there is no score; null: nobody's.")]
    page: Annotated[str, about("Where people read it.")]


class TestReport(msgspec.Struct, kw_only=True):
    """A test of the report."""

    number: Annotated[int, about("Its place in the report, from 1.")]
    name: Annotated[str | None, about("The name of a public test; null: it is hidden.")]
    title: Annotated[str, about("What it requires.")]
    group: Annotated[str, about("What it belongs to; empty: nothing.")]
    hidden: Annotated[bool, about("Whether students do not have the test itself.")]
    verdict: Annotated[Verdict, about("What came out.")]
    points: Annotated[float, about("Points that it is worth.")]
    earned: Annotated[float, about("Points earned; of a test that failed perhaps a part.")]
    message: Annotated[str, about("What went wrong, or what a training reached.")]
    hint: Annotated[str, about("What to think about.")]
    traceback: Annotated[str, about("The student's own lines in which it happened.")]
    output: Annotated[str, about("What the student's code printed.")]
    seconds: Annotated[float, about("How long it took.")]
    curve: Annotated[Curve, about("What a training recorded: by name, pairs of step and value.")]
    datasets: Annotated[dict[str, str], about("The data sets that it asked for, each with the one that it ran on.")]
    unloaded: Annotated[bool, about("Whether it was not run because the file could not be loaded: see the message.")]


class ReportView(msgspec.Struct, kw_only=True):
    """The report of a grading."""

    message: Annotated[str, about("What there is to say about all of it.")]
    left_out: Annotated[list[str], about("Parts of the submission that were not used.")]
    device: Annotated[str, about("What it was graded on: cpu, or a GPU such as cuda:0.")]
    hardware: Annotated[str, about("The name of that processor, and of the GPU; empty: it is not known.")]
    seconds: Annotated[float, about("How long it took.")]
    tests: Annotated[list[TestReport], about("All tests.")]


class Place(msgspec.Struct):
    """A place in line."""

    position: Annotated[int, about("1: it is next.")]
    seconds: Annotated[float | None, about("Until its grading starts, about; null: there is no estimate.")]


class SubmissionDetail(SubmissionEntry, kw_only=True):
    """A submission with its report."""

    summary: Annotated[str, about("Where it is, in a sentence.")]
    place: Annotated[Place | None, about("Its place in line; null: it does not wait.")]
    tests_done: Annotated[int, about("Tests that have their verdict.")]
    tests_total: Annotated[int, about("Tests that there are; 0: that is not known yet.")]
    report: Annotated[ReportView | None, about("The report; null: there is none, or none yet.")]


def describe(submission: Submission) -> SubmissionEntry:
    """Tell where a submission is."""
    return SubmissionEntry(
        id=submission.id,
        exercise=submission.slug,
        attempt=submission.attempt,
        state=submission.state,
        file_name=submission.file_name,
        size=submission.size,
        sha256=submission.blob,
        received_at=submission.created_at,
        started_at=submission.started_at,
        finished_at=submission.finished_at,
        score=submission.score,
        max_score=submission.max_score,
        credit=submission.credit,
        fault=submission.owner,
        page=url_for("submissions.show", id=submission.id),
    )


def describe_fully(submission: Submission) -> SubmissionDetail:
    """Tell everything about a submission."""
    progress = live.look(submission)
    report = veil.read_report(reader(), submission, now())
    view = _view(report) if report else None
    return SubmissionDetail(
        **msgspec.structs.asdict(describe(submission)),
        summary=summarise(submission, progress),
        place=place_of(progress),
        tests_done=len(report.tests) if report else len(progress.tests),
        tests_total=len(report.tests) if report else progress.total,
        report=view,
    )


def summarise(submission: Submission, progress: Progress) -> str:
    """Say in a sentence where a submission is, or why it could not be graded."""
    if submission.state is State.FAILED and submission.owner in words.FAULTS:
        return _(words.FAULTS[submission.owner])
    return live.summary(submission, progress)


def place_of(progress: Progress) -> Place | None:
    """The place in line."""
    place = progress.place
    return Place(place.position, place.seconds) if place else None


def describe_test(test: shown.Shown) -> TestReport:
    """Tell what came of a test."""
    return TestReport(**vars(test))


def _view(report: Report) -> ReportView:
    return ReportView(
        message=language().pick(report.message),
        left_out=list(report.left_out),
        device=report.device,
        hardware=report.hardware,
        seconds=round(report.seconds, 4),
        tests=[describe_test(each) for each in shown.show_tests(report, language())],
    )
