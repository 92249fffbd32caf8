"""The form in which an assignment's terms are typed: what its fields show, and what they say. Knows no Flask."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from babel import numbers

from server.course import moment
from server.course.assignment import DEFAULTS, find_problems
from server.i18n import Translator, mark
from server.models import Assignment, Counting, Hidden, When

DATES = ("opens_at", "due_at", "closes_at")
WORDS: dict[str, type[StrEnum]] = {
    "counting": Counting,
    "hidden_shown": Hidden,
    "hidden_shown_when": When,
    "hidden_run_when": When,
}
SWITCHES = ("is_published", "uses_late_days")

MAX_POINTS = 100_000
MAX_ATTEMPTS = 10_000
#: ten weeks, in minutes
MAX_MINUTES = 100_000

NO_NUMBER = mark("Write a number from %(least)s to %(most)s.")
NO_WHOLE = mark("Write a whole number from %(least)s to %(most)s.")
NO_CHOICE = mark("Choose one of these.")


def show(assignment: Assignment, zone: str, language: Translator) -> dict[str, str]:
    """What the fields of a form show."""
    values = {name: moment.write(getattr(assignment, name), zone) for name in DATES}
    values |= {name: str(getattr(assignment, name)) for name in WORDS}
    values |= {name: "yes" if getattr(assignment, name) else "" for name in SWITCHES}
    counts = ("points", "max_attempts", "cooldown_minutes", "grace_minutes", "late_percent")
    return values | {name: _number(getattr(assignment, name), language) for name in counts}


def _number(value: float | None, language: Translator) -> str:
    """As people write it, without thousands: that is read again."""
    text = "" if value is None else f"{value:.12g}"
    return text.replace(".", numbers.get_decimal_symbol(language.locale))


def read(
    form: Mapping[str, str], assignment: Assignment, zone: str, language: Translator, now: datetime
) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed, by column, and all that is wrong with it, by field, in the reader's language."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in DATES:
        try:
            values[name] = moment.read(form.get(name, ""), zone, now, getattr(assignment, name))
        except moment.Unreadable as error:
            problems[name] = error.message(language)
    for name, words in WORDS.items():
        if form.get(name) in list(words):
            values[name] = words(form[name])
        else:
            problems[name] = language.gettext(NO_CHOICE)
    values |= {name: form.get(name) == "yes" for name in SWITCHES}
    reader = _Numbers(form, language, values, problems)
    reader.number("points", MAX_POINTS, None)
    reader.number("late_percent", 100, 0.0)
    reader.whole("max_attempts", 1, MAX_ATTEMPTS, None)
    reader.whole("cooldown_minutes", 0, MAX_MINUTES, 0)
    reader.whole("grace_minutes", 0, MAX_MINUTES, 0)
    found = find_problems(copy(assignment, values), unread=problems)
    return values, {name: language.gettext(text) for name, text in found.items()} | problems


def copy(assignment: Assignment, values: Mapping[str, Any]) -> Assignment:
    """An assignment with other terms, of which no session knows."""
    kept = {name: getattr(assignment, name) for name in ("id", "course_id", "slug", *DEFAULTS)}
    return Assignment(**{**kept, **values})


class _Numbers:
    """Reads the form's numbers into its values and problems. An empty field gives what ``empty`` says."""

    def __init__(
        self, form: Mapping[str, str], language: Translator, values: dict[str, Any], problems: dict[str, str]
    ) -> None:
        self.form = form
        self.language = language
        self.values = values
        self.problems = problems

    def number(self, name: str, most: int, empty: float | None) -> None:
        """A number from 0 on, with a point or a comma."""
        text = self.form.get(name, "").strip().replace(",", ".")
        try:
            value = float(text) if text else empty
        except ValueError:
            value = math.nan
        if value is None or 0 <= value <= most:
            self.values[name] = value
        else:
            self._refuse(name, NO_NUMBER, 0, most)

    def whole(self, name: str, least: int, most: int, empty: int | None) -> None:
        """A whole number."""
        text = self.form.get(name, "").strip()
        if not text:
            self.values[name] = empty
        elif text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most:
            self.values[name] = int(text)
        else:
            self._refuse(name, NO_WHOLE, least, most)

    def _refuse(self, name: str, text: str, least: int, most: int) -> None:
        limits = {"least": self.language.number(least), "most": self.language.number(most)}
        self.problems[name] = self.language.gettext(text) % limits
