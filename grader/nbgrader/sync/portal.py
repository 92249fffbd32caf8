"""What stands on the portal, and what is written there. Knows no gradebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from grader.client import Answer
from grader.nbgrader.exchange import portal


@dataclass(frozen=True)
class Assigned:
    """An assignment of the portal."""

    slug: str
    published: bool
    #: naive and in UTC, as nbgrader has them
    due_at: datetime | None
    #: that somebody has set for it; None: as many as its tests
    points: float | None


@dataclass(frozen=True)
class Score:
    """What a test function gave, with all its cases."""

    points: float
    earned: float


@dataclass(frozen=True)
class Attempt:
    """The attempt that counts."""

    id: str
    number: int
    received_at: datetime
    #: part of the score that it keeps
    credit: float
    #: whether hidden tests are still to be run
    is_provisional: bool
    #: by the name of the test function; None: the portal no longer keeps the report
    tests: dict[str, Score] | None


@dataclass(frozen=True)
class Review:
    """What staff wrote about it on the portal."""

    comment: str
    is_published: bool
    version: str


@dataclass(frozen=True)
class Standing:
    """One student in one assignment, on the portal."""

    login: str
    name: str
    email: str | None
    due_at: datetime | None
    #: that were used
    attempts: int
    attempt: Attempt | None
    review: Review | None
    #: points of a published review
    manual: float
    #: points that were set by hand
    override: float | None
    #: that count
    points: float | None
    version: str


class Portal(portal.Portal):
    """The portal as its staff uses it from a program."""

    def assigned(self, course: str) -> list[Assigned]:
        """The assignments of a course."""
        found = self._all(f"/courses/{quote(course, safe='')}/assignments", "assignments")
        return [
            Assigned(each["exercise"], each["published"], _moment(each["due_at"]), each["points"]) for each in found
        ]

    def standings(self, course: str, slug: str) -> Iterator[Standing]:
        """All students of a course in an assignment."""
        path = f"/courses/{quote(course, safe='')}/assignments/{quote(slug, safe='')}/results"
        return (_standing(each) for each in self._all(path, "results"))

    def students(self, course: str) -> list[str]:
        """User names of the students of a course."""
        found = self._all(f"/courses/{quote(course, safe='')}/members", "members", {"role": "student"})
        return [each["login"] for each in found]

    def set_points(self, course: str, slug: str, standing: Standing, points: float | None, reason: str) -> None:
        """Set a student's points by hand; None: they follow from submissions again. Refused when they have changed."""
        path = f"/courses/{quote(course, safe='')}/gradebook/{quote(standing.login, safe='')}/{quote(slug, safe='')}"
        body = {"points": points, "reason": reason}
        self._change("PUT", path, body, {"If-Match": f'"{standing.version}"'})

    def write_comment(self, course: str, standing: Standing, comment: str) -> None:
        """Write the comment on the attempt that counts. A review that is not there yet is published with it."""
        assert standing.attempt is not None, "there is something to comment on"
        path = f"/courses/{quote(course, safe='')}/submissions/{quote(standing.attempt.id, safe='')}/review"
        review = standing.review
        told = {"published": True, "version": ""} if review is None else {"version": review.version}
        self._change("PATCH", path, {"comment": comment, **told}, {})

    def _change(self, method: str, path: str, body: Answer, headers: dict[str, str]) -> None:
        request = self._request(path, body, headers)
        request.method = method
        self._patiently(lambda: self._send(request))


def _standing(each: Answer) -> Standing:
    counted, review = each["counted"], each["review"]
    return Standing(
        each["login"],
        each["name"],
        each["email"],
        _moment(each["due_at"]),
        each["attempts"],
        _attempt(counted) if counted else None,
        Review(review["comment"], review["published"], review["version"]) if review else None,
        each["manual"],
        each["override"],
        each["points"],
        each["version"],
    )


def _attempt(counted: Answer) -> Attempt:
    at = _moment(counted["received_at"])
    assert at is not None, "whatever was handed in was received"
    tests = None if counted["tests"] is None else _scores(counted["tests"])
    return Attempt(counted["id"], counted["attempt"], at, counted["credit"], counted["provisional"], tests)


def _scores(tests: list[Answer]) -> dict[str, Score]:
    found: dict[str, Score] = {}
    for test in tests:
        # Cases of one function: one cell of a notebook.
        name = test["name"].partition("[")[0]
        before = found.get(name, Score(0.0, 0.0))
        found[name] = Score(before.points + test["points"], before.earned + test["earned"])
    return found


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else None
