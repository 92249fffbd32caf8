"""Figures of one assignment: points, attempts, times, and when submissions came. Plain functions of records."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import groupby

from server.analysis.records import Attempt
from server.analysis.statistics import Spread, spread

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: how long a bar of the timeline may be
_LENGTHS = (HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 28 * DAY)
MAX_BARS = 42

#: attempts that were needed, as they are counted together: first and last
NEEDED = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, None))


@dataclass(frozen=True)
class Needed:
    """How many students needed so many attempts for all points."""

    first: int
    #: None: any number
    last: int | None
    count: int


@dataclass(frozen=True)
class Success:
    """How many attempts it took to earn all points."""

    needed: tuple[Needed, ...]
    #: have tried, and have not earned them all
    not_yet: int
    #: attempts of those who have
    spread: Spread | None


@dataclass(frozen=True)
class Span:
    """A part of the timeline, and how many submissions came in it."""

    start: datetime
    end: datetime
    count: int


@dataclass(frozen=True)
class Times:
    """How long things took, in seconds."""

    #: of students with more than one attempt, from the first to the last
    working: Spread | None
    #: from receipt to the start of grading
    waiting: Spread | None
    grading: Spread | None


def by_student(attempts: Iterable[Attempt]) -> dict[int, list[Attempt]]:
    """Attempts by student, each student's in order."""
    return {user: list(found) for user, found in groupby(attempts, key=lambda each: each.user_id)}


def success(students: Mapping[int, Sequence[Attempt]]) -> Success:
    """Count the attempts up to the first one with all points."""
    graded = [attempts for attempts in students.values() if any(each.max_score for each in attempts)]
    firsts = [next((each.number for each in attempts if each.is_full), None) for attempts in graded]
    numbers = Counter(number for number in firsts if number is not None)
    needed = tuple(
        Needed(first, last, sum(count for number, count in numbers.items() if first <= number <= (last or number)))
        for first, last in NEEDED
    )
    return Success(needed, firsts.count(None), spread(numbers.elements()))


def times(students: Mapping[int, Sequence[Attempt]]) -> Times:
    """Sum up how long students worked, and how long they waited for verdicts."""
    several = [attempts for attempts in students.values() if len(attempts) > 1]
    started = [each for attempts in students.values() for each in attempts if each.started_at and each.finished_at]
    return Times(
        working=spread((each[-1].created_at - each[0].created_at).total_seconds() for each in several),
        waiting=spread(_seconds(each.created_at, each.started_at) for each in started),
        grading=spread(_seconds(each.started_at, each.finished_at) for each in started),
    )


def _seconds(start: datetime | None, end: datetime | None) -> float:
    return max(0.0, (end - start).total_seconds()) if start and end else 0.0


def timeline(moments: Iterable[datetime], until: datetime | None, zone: tzinfo) -> list[Span]:
    """Count submissions over time, up to ``until`` or the last one, in parts that begin at full hours or days."""
    ordered = sorted(moments)
    if not ordered:
        return []
    end = max(ordered[-1], until or ordered[-1])
    length = next((each for each in _LENGTHS if (end - ordered[0]) / each < MAX_BARS - 1), 365 * DAY)
    starts = list(_starts(ordered[0], end, length, zone))
    # In UTC: local times cannot be put in order on the day on which clocks are turned back.
    edges = [each.timestamp() for each in starts]
    counts = Counter(bisect_right(edges, each.timestamp()) - 1 for each in ordered)
    ends = [*starts[1:], starts[-1] + length]
    return [Span(start, stop, counts[number]) for number, (start, stop) in enumerate(zip(starts, ends, strict=True))]


def _starts(first: datetime, end: datetime, length: timedelta, zone: tzinfo) -> Iterator[datetime]:
    """Where the parts begin, by the clock on the wall: a day is one from midnight to midnight, however long."""
    local = first.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    start = local if length < DAY else local.replace(hour=0)
    while start.timestamp() <= end.timestamp():
        yield start
        start += length
