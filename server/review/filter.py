"""Which of a course's submissions a list shows, and in which order, as the address says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from server.i18n import mark
from server.models import State

MAX_QUERY = 100


class Reviewed(StrEnum):
    """Whether there is a review."""

    NO = "no"
    DRAFT = "draft"
    PUBLISHED = "published"


class Sort(StrEnum):
    """What the list is sorted by."""

    TIME = "time"
    STUDENT = "student"
    ASSIGNMENT = "assignment"
    ATTEMPT = "attempt"
    SCORE = "score"


REVIEWED = {
    Reviewed.NO: mark("not reviewed"),
    Reviewed.DRAFT: mark("draft"),
    Reviewed.PUBLISHED: mark("published"),
}


@dataclass(frozen=True)
class Filter:
    """Which submissions are shown, and in which order."""

    assignment: int | None = None
    query: str = ""
    state: State | None = None
    reviewed: Reviewed | None = None
    #: only those whose student asks for a regrade
    requests: bool = False
    #: only the attempts that count
    counts: bool = False
    sort: Sort = Sort.TIME
    #: None: as people expect of that order
    order: str = ""

    @property
    def is_descending(self) -> bool:
        """Whether the largest comes first: of moments, unless the reader wishes otherwise."""
        return self.order == "down" or (not self.order and self.sort is Sort.TIME)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(
            self.assignment or self.query or self.state or self.reviewed or self.requests or self.counts
        )  # fmt: skip

    def arguments(self, **changes: Any) -> dict[str, str]:
        """What an address says of it; what is as usual is left out."""
        found = {
            "assignment": self.assignment,
            "q": self.query,
            "state": self.state,
            "review": self.reviewed,
            "requests": "yes" if self.requests else "",
            "counts": "yes" if self.counts else "",
            "sort": "" if self.sort is Sort.TIME else self.sort,
            "order": self.order,
        }
        return {name: str(value) for name, value in (found | changes).items() if value}

    def sorted_by(self, sort: str) -> dict[str, str]:
        """The address' words for another order; for the same one, the other way round."""
        order = "" if sort != self.sort else "up" if self.is_descending else "down"
        return self.arguments(sort="" if sort == Sort.TIME else sort, order=order)


def read_filter(arguments: Mapping[str, str]) -> Filter:
    """Read what an address says; what makes no sense is as if it were not there."""
    assignment = arguments.get("assignment", "")
    order = arguments.get("order", "")
    return Filter(
        assignment=int(assignment) if assignment.isascii() and assignment.isdigit() and len(assignment) < 10 else None,
        query=arguments.get("q", "").replace("\0", "").strip()[:MAX_QUERY],
        state=_member(State, arguments.get("state")),
        reviewed=_member(Reviewed, arguments.get("review")),
        requests=arguments.get("requests") == "yes",
        counts=arguments.get("counts") == "yes",
        sort=_member(Sort, arguments.get("sort")) or Sort.TIME,
        order=order if order in ("up", "down") else "",
    )


def _member(kind: type[Any], value: str | None) -> Any:
    return kind(value) if value in {each.value for each in kind} else None
