"""The exercises as a map: order, modules, what needs what. Plain data, without pages and database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from grader.exercise import Exercise
from grader.report import Text

#: which names come before which
Needs = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Module:
    """Exercises that belong together."""

    name: str
    exercises: tuple[Exercise, ...]

    @property
    def title(self) -> Text:
        """Its name as a heading."""
        return self.exercises[0].module_title

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"module-{re.sub(r'[^a-z0-9]+', '-', fold(self.name)).strip('-')}"


def in_order(exercises: Iterable[Exercise]) -> list[Exercise]:
    """Order the exercises: each after its prerequisites, by chapter and name where that leaves a choice."""
    waiting = {exercise.slug: exercise for exercise in sorted(exercises, key=_rank)}
    ordered: list[Exercise] = []
    while waiting:
        free = (each for each in waiting.values() if not waiting.keys() & set(each.config.prerequisites))
        # A circle of prerequisites is the author's mistake; the list still shows everything.
        chosen = next(free, None) or next(iter(waiting.values()))
        ordered.append(waiting.pop(chosen.slug))
    return ordered


def _rank(exercise: Exercise) -> tuple[list[tuple[int, str]], str]:
    """Chapter 9 comes before chapter 16 and before 16.2."""
    parts = re.findall(r"\d+|[^\d\W]+", exercise.config.chapter)
    return [(int(part), "") if part.isdecimal() else (0, part) for part in parts], exercise.slug


def group(ordered: Iterable[Exercise]) -> list[Module]:
    """Group the exercises by module; modules in the order in which their first exercises become possible."""
    found: dict[str, list[Exercise]] = {}
    for exercise in ordered:
        found.setdefault(exercise.config.module, []).append(exercise)
    return [Module(name, tuple(exercises)) for name, exercises in found.items()]


def needs_of(exercises: Collection[Exercise]) -> dict[str, tuple[str, ...]]:
    """What each exercise needs, among those that there are."""
    known = {each.slug for each in exercises}
    return {
        each.slug: tuple(slug for slug in dict.fromkeys(each.config.prerequisites) if slug in known - {each.slug})
        for each in exercises
    }


def needs_between(modules: Collection[Module]) -> dict[str, tuple[str, ...]]:
    """What each module needs: the modules of its exercises' prerequisites, and of those only earlier ones."""
    home = {each.slug: module.name for module in modules for each in module.exercises}
    found: dict[str, tuple[str, ...]] = {}
    for module in modules:
        slugs = [slug for each in module.exercises for slug in each.config.prerequisites if slug in home]
        # Two modules may need one another; the one that begins first is drawn first.
        found[module.name] = tuple(name for name in dict.fromkeys(home[slug] for slug in slugs) if name in found)
    return found


def fold(text: str) -> str:
    """Without case and accents: "Convolução" is found by "convolucao"."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def matches(query: str, *texts: str) -> bool:
    """Whether every word of the query is somewhere in the texts."""
    haystack = fold("\n".join(texts))
    return all(word in haystack for word in fold(query).split())
