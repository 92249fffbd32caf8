"""Times as people type them, read in a time zone; what a clock change skips or repeats is told apart.

Here stands, too, which dates a course may have at all: ``check`` is asked wherever one is typed, sent or moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates

from server.i18n import Translator, mark

#: as browsers send the value of a datetime-local field
FORMAT = "%Y-%m-%dT%H:%M"

FIRST_YEAR = 2000
#: no date lies further ahead: what does was mistyped, or moved once too often
AHEAD = timedelta(days=3653)

NO_TIME = mark("This is no date and time. Write it such as 2026-03-10T18:00.")
TOO_EARLY = mark("%(found)s is before the year %(first)s. Choose a later date.")
TOO_FAR = mark("%(found)s is more than ten years ahead. Choose a date up to %(latest)s.")
MOVED_EARLY = mark(
    "%(title)s would have a date on %(found)s, and dates begin with the year %(first)s. "
    "Move them less far, or change that one first."
)
MOVED_FAR = mark(
    "%(title)s would have a date on %(found)s, more than ten years ahead. The latest day is %(latest)s. "
    "Move the dates less far, or change that one first."
)
SKIPPED = mark(
    "This time does not exist: clocks are put forward from %(before)s to %(after)s. Choose an earlier or a later one."
)
REPEATED = mark(
    "This time comes twice: clocks are put back from %(before)s to %(after)s. "
    "Choose one before %(after)s, or from %(before)s on."
)


class Unreadable(ValueError):
    """What was typed is no moment, or could be two; ``text`` says why, with its values."""

    def __init__(self, text: str, **values: date | str) -> None:
        super().__init__(text)
        self.text = text
        self.values = values

    def message(self, language: Translator) -> str:
        """The reason in a language; times are on the wall, without a zone."""
        return language.gettext(self.text) % {name: _write(value, language) for name, value in self.values.items()}


class Unmovable(Exception):
    """A date of an exercise would be moved to where none may be."""

    def __init__(self, slug: str, reason: Unreadable) -> None:
        super().__init__(f"{slug}: {reason.text}")
        self.slug = slug
        self.reason = reason

    def message(self, title: str, language: Translator) -> str:
        """The reason in a language, with the exercise's title."""
        text = {TOO_EARLY: MOVED_EARLY, TOO_FAR: MOVED_FAR}[self.reason.text]
        return Unreadable(text, title=title, **self.reason.values).message(language)


def _write(value: date | str, language: Translator) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime):
        return str(dates.format_datetime(value, "short", locale=language.locale))
    return str(dates.format_date(value, "long", locale=language.locale))


def check(when: datetime, now: datetime) -> None:
    """Raises Unreadable for a moment that no course has. Neither is converted: that alone may be too much for it."""
    found, latest = when.date(), (now + AHEAD).date()
    if found.year < FIRST_YEAR:
        raise Unreadable(TOO_EARLY, found=found, first=str(FIRST_YEAR))
    if found > latest:
        raise Unreadable(TOO_FAR, found=found, latest=latest)


def read(text: str, zone: str, now: datetime, kept: datetime | None = None) -> datetime | None:
    """The moment of a datetime-local field; None: it is empty. Raises Unreadable.

    ``kept`` is what the field showed: unchanged, it stays to the second, also where it comes twice.
    """
    text = text.strip()
    if not text:
        return None
    if kept is not None and text == write(kept, zone):
        return kept
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable(NO_TIME) from None
    if typed.tzinfo is not None:
        raise Unreadable(NO_TIME)
    # As if in UTC: what is near neither end of the calendar can then be placed in any zone.
    check(typed.replace(tzinfo=UTC), now)
    return place(typed, zone)


def write(when: datetime | None, zone: str) -> str:
    """The value of a datetime-local field."""
    return "" if when is None else when.astimezone(ZoneInfo(zone)).strftime(FORMAT)


def place(wall: datetime, zone: str) -> datetime:
    """The moment at which clocks of a zone show a time. Raises Unreadable where they never do, or twice."""
    early, late = wall.replace(tzinfo=ZoneInfo(zone), fold=0), wall.replace(tzinfo=ZoneInfo(zone), fold=1)
    before, after = early.utcoffset() or timedelta(), late.utcoffset() or timedelta()
    if before != after:
        change = _find_change(early.astimezone(UTC), late.astimezone(UTC), ZoneInfo(zone))
        text = SKIPPED if after > before else REPEATED
        raise Unreadable(text, before=_wall(change, before), after=_wall(change, after))
    return early.astimezone(UTC)


def shift(when: datetime, days: int, zone: str, now: datetime) -> datetime:
    """So many days later at the same time on the wall; an hour that is skipped there gives the one after it.

    Raises Unreadable where that is no moment that a course has.
    """
    if not days:  # to the second, also where the clocks show it twice
        check(when, now)
        return when
    try:
        wall = when.astimezone(ZoneInfo(zone)).replace(tzinfo=None) + timedelta(days=days)
        check(wall.replace(tzinfo=UTC), now)
    except OverflowError:  # the calendar ends before that
        check((datetime.max if days > 0 else datetime.min).replace(tzinfo=UTC), now)
        raise
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def shift_all(slug: str, moments: Mapping[str, datetime | None], days: int, zone: str, now: datetime) -> dict[str, Any]:
    """All dates of an exercise so many days later, by name; what is None stays so. Raises Unmovable."""
    try:
        return {name: None if when is None else shift(when, days, zone, now) for name, when in moments.items()}
    except Unreadable as error:
        raise Unmovable(slug, error) from None


def _wall(change: datetime, offset: timedelta) -> datetime:
    return (change + offset).replace(tzinfo=None)


def _find_change(one: datetime, other: datetime, zone: ZoneInfo) -> datetime:
    """The first second, between two moments, at which the zone's offset is another one."""
    low, high = sorted((one, other))
    low -= timedelta(seconds=1)
    old = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            low = middle
        else:
            high = middle
    return high
