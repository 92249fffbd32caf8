"""When students hand in: towards a deadline, and again until they have passed.

The pressure to do what has a deadline grows as the inverse of the time that is left (V. Alfi, G. Parisi, L.
Pietronero: Conference registration: how people react to a deadline. Nature Physics 3, 746, 2007). So the first hand-ins
have the density 1 / (softening + time left) over the days that an assignment is open. The softening keeps the last
minutes finite.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Deadline:
    """What students do about one deadline. Moments are seconds; the deadline is at ``window``."""

    #: seconds before the deadline that are simulated
    window: float = 3 * 3600.0
    open_days: float = 7.0
    softening: float = 120.0
    #: of an attempt
    passes: float = 0.4
    most_attempts: int = 10
    #: mean seconds between a report and the next attempt; a third of what is left to the deadline where that is less
    think: float = 900.0
    #: part of the students who log in before their first attempt of the evening
    log_ins: float = 0.5
    #: seconds over which the deadlines of different courses are spread, evenly; 0: all at the same moment
    spread: float = 0.0

    def left_at_first(self, rng: random.Random) -> float:
        """Seconds to the deadline at a student's first attempt."""
        whole = self.open_days * 86400.0
        return self.softening * ((1.0 + whole / self.softening) ** rng.random() - 1.0)

    def share_within(self, seconds: float) -> float:
        """Part of the students whose first attempt comes in the last seconds before the deadline."""
        whole = self.open_days * 86400.0
        return math.log1p(seconds / self.softening) / math.log1p(whole / self.softening)

    def pause(self, rng: random.Random, left: float) -> float:
        """Seconds from a report to the next attempt."""
        return rng.expovariate(1.0 / max(1.0, min(self.think, left / 3)))

    @property
    def attempts(self) -> float:
        """Mean attempts of a student whom no deadline stops."""
        return (1 - (1 - self.passes) ** self.most_attempts) / self.passes
