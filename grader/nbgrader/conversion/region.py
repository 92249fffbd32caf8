"""What lies between nbgrader's markers, such as ``### BEGIN SOLUTION``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A stretch of lines between two markers."""

    indent: str
    lines: tuple[str, ...]


class Unclosed(ValueError):
    """A marker without its partner, which nbgrader would refuse, too."""


def split(text: str, begin: str, end: str) -> list[str | Region]:
    """Cut text into lines outside, and regions. Raises Unclosed."""
    parts: list[str | Region] = []
    inside: list[str] | None = None
    indent = ""
    for line in text.split("\n"):
        if begin in line:
            if inside is not None:
                raise Unclosed
            inside, indent = [], line[: len(line) - len(line.lstrip())]
        elif end in line:
            if inside is None:
                continue  # nbgrader takes it out without a word
            parts.append(Region(indent, tuple(inside)))
            inside = None
        elif inside is None:
            parts.append(line)
        else:
            inside.append(line)
    if inside is not None:
        raise Unclosed
    return parts


def full(parts: list[str | Region]) -> str:
    """The text without the markers."""
    lines = (part.lines if isinstance(part, Region) else (part,) for part in parts)
    return "\n".join(line for each in lines for line in each)


def outside(parts: list[str | Region]) -> str:
    """What lies outside of all regions."""
    return "\n".join(part for part in parts if isinstance(part, str))


def has_region(parts: list[str | Region]) -> bool:
    """Whether there is any."""
    return any(isinstance(part, Region) for part in parts)
