"""Titles of exercises in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from grader.errors import GraderError
from server.context import language, parts


def title_of(slug: str) -> str:
    """An exercise's title; the slug when the exercise is gone or cannot be read."""
    try:
        return language().pick(parts().catalogue.find(slug).title)
    except GraderError:
        return slug


def titles_of(slugs: Iterable[str]) -> dict[str, str]:
    """The titles of some, by slug."""
    return {slug: title_of(slug) for slug in slugs}
