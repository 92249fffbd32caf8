"""What happens in a grading, in order, for programs that follow it.

Events are kept while a grading runs; after it the report tells everything. Each has a number that only grows, also when
a grading is interrupted and begins again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from sqlalchemy import func, select

from grader.report import TestResult, Verdict
from server.api.meta import about
from server.api.operation import Query
from server.api.reports import Place, TestReport, describe_test, place_of, summarise
from server.context import language, reader
from server.models import State, Submission, SubmissionEvent
from server.submission import live, shown

#: events of one answer
LIMIT = 500
#: between the numbers of two tries: more events than one grading has
STRIDE = 1_000_000


class EventKind(StrEnum):
    """What happened."""

    STARTED = "started"
    TEST = "test"
    METRIC = "metric"
    FINISHED = "finished"


class EventQuery(Query):
    """From where on."""

    after: Annotated[int, about("Only what came after the event of this number.", ge=0, le=2**53)] = 0


class Metric(msgspec.Struct):
    """Values that a training has recorded."""

    test: Annotated[int, about("The number of the test that trains.")]
    step: Annotated[float | None, about("The step of the training.")]
    values: Annotated[dict[str, float | None], about("Values by name; null: no number.")]


class Event(msgspec.Struct, kw_only=True):
    """Something that happened in a grading."""

    number: Annotated[int, about("Grows from event to event.")]
    kind: Annotated[EventKind, about("What happened: it began, a test has its verdict, a training goes on, it ended.")]
    tests_total: Annotated[int | None, about("When it began: how many tests there are.")] = None
    test: Annotated[TestReport | None, about("The test that has its verdict.")] = None
    metric: Annotated[Metric | None, about("How a training goes on.")] = None


class EventList(msgspec.Struct, kw_only=True):
    """What has happened since."""

    state: Annotated[
        State, about("Where the submission is on its way: received, running, graded or failed (could not be graded).")
    ]
    is_open: Annotated[bool, about("Whether there is more to come; if not, the submission has its report.")]
    summary: Annotated[str, about("Where it is, in a sentence.")]
    place: Annotated[Place | None, about("Its place in line; null: it does not wait.")]
    events: Annotated[list[Event], about("What happened, in order.")]
    next: Annotated[int, about("What to send as after the next time.")]


def list_since(submission: Submission, query: EventQuery) -> EventList:
    """Tell what has happened in a grading after an event."""
    progress = live.look(submission)
    if submission.state is State.RUNNING:
        events = _running(submission, query.after)
    else:
        events = [] if submission.is_open else _finished(submission, query.after)
    return EventList(
        state=submission.state,
        is_open=submission.is_open,
        summary=summarise(submission, progress),
        place=place_of(progress),
        events=events,
        next=events[-1].number if events else query.after,
    )


def _finished(submission: Submission, after: int) -> list[Event]:
    number = (submission.tries + 1) * STRIDE - 1
    return [Event(number=number, kind=EventKind.FINISHED)] if number > after else []


def _running(submission: Submission, after: int) -> list[Event]:
    """What this try's worker has told, less what was seen of it."""
    first = submission.tries * STRIDE
    skipped = min(max(0, after - first), STRIDE)
    found = _stored(submission.id, skipped)
    before = _count_tests(submission.id, [id for id, _kind, _data in found])
    names = _names(submission.id)
    events = []
    for place, (_id, kind, data) in enumerate(found, first + skipped + 1):
        before += kind == EventKind.TEST
        events.append(_event(place, kind, data, before, names))
    return events


def _stored(id: str, skipped: int) -> list[tuple[int, str, dict[str, Any]]]:
    columns = select(SubmissionEvent.id, SubmissionEvent.kind, SubmissionEvent.data)
    mine = columns.where(SubmissionEvent.submission_id == id, SubmissionEvent.kind.in_(_TOLD))
    found = reader().execute(mine.order_by(SubmissionEvent.id).offset(skipped).limit(LIMIT))
    return [(row.id, row.kind, row.data) for row in found]


_TOLD = (EventKind.STARTED, EventKind.TEST, EventKind.METRIC)


def _count_tests(id: str, found: list[int]) -> int:
    """How many tests had their verdict before these events."""
    mine = select(func.count()).where(SubmissionEvent.submission_id == id, SubmissionEvent.kind == EventKind.TEST)
    return (reader().scalar(mine.where(SubmissionEvent.id < found[0])) or 0) if found else 0


def _names(id: str) -> list[str]:
    """The names of the tests, in the order in which they run; they are not told."""
    started = (SubmissionEvent.submission_id == id) & (SubmissionEvent.kind == EventKind.STARTED)
    data = reader().scalar(select(SubmissionEvent.data).where(started).limit(1))
    return [str(name) for name in (data or {}).get("tests", [])]


def _event(number: int, kind: str, data: dict[str, Any], tests: int, names: list[str]) -> Event:
    if kind == EventKind.STARTED:
        return Event(number=number, kind=EventKind.STARTED, tests_total=len(data.get("tests", [])))
    if kind == EventKind.TEST:
        stored = TestResult(**{**data["test"], "verdict": Verdict(data["test"]["verdict"])})
        test = shown.show_test(tests, stored, language())
        return Event(number=number, kind=EventKind.TEST, test=describe_test(test))
    name = str(data["test"])
    place = names.index(name) + 1 if name in names else 0
    return Event(number=number, kind=EventKind.METRIC, metric=Metric(place, data["step"], data["values"]))
