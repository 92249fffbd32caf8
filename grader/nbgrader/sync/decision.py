"""What is to be done for one student in one assignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.nbgrader.sync.memory import Past

#: what conflicts are about, besides tests
PENALTY, POINTS, COMMENT, DUE = "penalty", "points", "comment", "due"


@dataclass(frozen=True)
class Conflict:
    """Something that has changed on both sides."""

    #: empty: it is about the assignment
    student: str
    #: the name of a test's cell, or one of the words above
    what: str
    portal: Any
    gradebook: Any
    #: what the portal had after the last run; None: nothing
    common: Any


@dataclass(frozen=True)
class Points:
    """Points that are to be set on the portal."""

    #: None: they are to follow from submissions again
    value: float | None
    #: what people gave in the gradebook, by cell
    hand: Mapping[str, Any]
    #: in the gradebook, and how many there are
    total: float
    most: float


@dataclass
class Decision:
    """What is to be done for one student."""

    login: str
    #: in the gradebook: scores by the ids of cells
    autos: dict[str, float] = field(default_factory=dict)
    #: cells that a person should look at once more: what they gave was for another attempt
    look_again: list[str] = field(default_factory=list)
    #: columns of what was submitted: when, and how much longer the student had
    times: dict[str, Any] = field(default_factory=dict)
    #: None: it stays, as do those below
    penalty: float | None = None
    #: the attempt that counts, and how many there are
    attempt: tuple[int, int] | None = None
    #: what people have given or taken on the portal, so that totals agree
    adjustment: float | None = None
    #: on the portal
    points: Points | None = None
    #: all of the comment on the attempt that counts
    comment: str | None = None
    conflicts: list[Conflict] = field(default_factory=list)
    #: whether nbgrader waits for a person to grade something, and so whether points or comments wait for that
    is_unfinished: bool = False
    waits: bool = False
    #: what is to be remembered, as far as the portal has already what it is to have
    past: Past = field(default_factory=Past)

    @property
    def changes_gradebook(self) -> bool:
        """Whether anything is to be written there."""
        single = (self.penalty, self.attempt, self.adjustment)
        return bool(self.autos or self.times) or any(each is not None for each in single)

    @property
    def changes_portal(self) -> bool:
        """Whether anything is to be written there."""
        return self.points is not None or self.comment is not None
