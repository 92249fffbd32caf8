"""The sandbox's layers on this host, looked at once: looking forks, and later some test may have left a thread."""

from __future__ import annotations

from functools import cache

from grader.sandbox import Layer, probe


@cache
def layers() -> list[Layer]:
    return probe()


def broken_layers() -> list[Layer]:
    """The layers without which candidates are refused, and which do not hold."""
    return [layer for layer in layers() if layer.required and not layer.holds]
