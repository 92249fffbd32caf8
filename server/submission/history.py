"""A student's history: every submission, and for each exercise the best and the last score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from server import rules
from server.models import Submission

PAGE_SIZE = 25

T = TypeVar("T")


@dataclass(frozen=True)
class Record:
    """What a student has done at one exercise."""

    slug: str
    attempts: int
    #: the attempt that counts; None: nothing was graded yet
    best: Submission | None
    last: Submission
    standing: rules.Standing

    @property
    def share(self) -> float:
        """The part of the points that the best attempt earned and keeps."""
        return rules.share(self.best) if self.best else 0.0


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of many."""

    entries: Sequence[T]
    #: from 1
    number: int
    #: how many pages there are: at least 1
    count: int
    #: how many entries there are on all pages
    found: int


def records(submissions: Iterable[Submission]) -> list[Record]:
    """Sum up each exercise; ``submissions`` and the result have the newest first."""
    by_slug: dict[str, list[Submission]] = {}
    for submission in submissions:
        by_slug.setdefault(submission.slug, []).append(submission)
    return [
        Record(slug, sum(map(rules.is_counted, mine)), rules.best(mine), mine[0], rules.standing(mine))
        for slug, mine in by_slug.items()
    ]


def solved(found: Iterable[Record], slugs: Iterable[str]) -> int:
    """Count the solved exercises among these."""
    offered = set(slugs)
    return sum(record.slug in offered and record.standing is rules.Standing.SOLVED for record in found)


def page(entries: Sequence[T], number: int) -> Page[T]:
    """Cut out a page; a number beyond the ends gives the nearest."""
    count = max(1, -(-len(entries) // PAGE_SIZE))
    number = min(max(number, 1), count)
    return Page(entries[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], number, count, len(entries))
