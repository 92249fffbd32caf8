"""A value looked at three ways: on the portal, in the gradebook, and on both after the last run."""

from __future__ import annotations

from enum import Enum
from typing import Any

#: what the portal and the gradebook had
Pair = tuple[Any, Any]


class Step(Enum):
    """What is to be done about a value that goes from the portal to the gradebook."""

    #: both have the same
    SAME = "same"
    #: they differ as they did after the last run: that was wanted
    KNOWN = "known"
    #: the gradebook has nothing, or what the portal had
    WRITE = "write"
    #: somebody has changed it in the gradebook
    CLASH = "clash"


def look(portal: Any, gradebook: Any, past: Pair | None) -> Step:
    """Say what is to be done."""
    if portal == gradebook:
        return Step.SAME
    if past == (portal, gradebook):
        return Step.KNOWN
    is_untouched = gradebook is None or (past is not None and gradebook == past[0])
    return Step.WRITE if is_untouched else Step.CLASH
