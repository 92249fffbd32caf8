"""What a student reads of an exercise's terms: how long still, what being late costs now, attempts that are left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from babel import dates, numbers

from server.course import terms
from server.course.terms import DAY, Terms
from server.i18n import Translator
from server.rules import Refusal

MINUTE = timedelta(minutes=1)

_Unit = Literal["day", "hour", "minute"]

#: less than this is worth a warning
SOON = DAY


@dataclass(frozen=True)
class Deadline:
    """The terms of an exercise as they are for one student at one moment."""

    terms: Terms
    now: datetime
    #: attempts that count so far, and when the last of them was received
    used: int = 0
    last_at: datetime | None = None
    #: late days that the student has left
    late_days: int = 0

    @property
    def refusal(self) -> Refusal | None:
        """Why nothing is taken in; None: it is."""
        return terms.check(self.terms, self.now, self.used, self.last_at)

    @property
    def left(self) -> int | None:
        """Attempts that are left; None: any number."""
        return terms.attempts_left(self.terms, self.used)

    @property
    def credit(self) -> float:
        """The part of its score that a submission keeps now."""
        return terms.credit(self.terms, self.now, self.late_days)

    @property
    def days_late(self) -> int:
        """Days begun after the due date."""
        return terms.days_late(self.terms, self.now)

    @property
    def next_attempt_at(self) -> datetime | None:
        """The end of the pause between two attempts; None: there is none now."""
        end = terms.cooldown_ends(self.terms, self.last_at)
        return end if end is not None and end > self.now else None

    @property
    def takes_late_days(self) -> int:
        """Late days that handing in now would take."""
        return terms.late_days(self.terms, self.now, self.late_days)

    @property
    def free_until(self) -> datetime | None:
        """The end of the time in which nothing is taken off; None: there is no due date."""
        return self.terms.free_until

    @property
    def is_soon(self) -> bool:
        """Whether the due date, or the end, is near."""
        ends = [end for end in (self.free_until, self.terms.closes_at) if end is not None]
        return any(timedelta() <= end - self.now < SOON for end in ends)

    @property
    def changes_at(self) -> datetime | None:
        """The next moment from which this reads differently; None: it stays as it is."""
        due, late = self.terms.due_at, self.days_late
        moments = [self.terms.opens_at, due, self.free_until, self.terms.closes_at, self.next_attempt_at]
        if due is not None and late and self.credit:
            moments.append(due + late * DAY)
        return min((each for each in moments if each is not None and each > self.now), default=None)


def span(length: timedelta, language: Translator) -> str:
    """Write how long something is, with its two largest units: "2 days 3 hours"; never less than a minute."""
    minutes = max(1, int(length / MINUTE))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [timedelta(days=days), timedelta(hours=hours)] if days else [timedelta(hours=hours), minutes * MINUTE]
    units: list[_Unit] = ["day", "hour"] if days else ["hour", "minute"]
    return " ".join(_write(part, unit, language) for part, unit in zip(parts, units, strict=True) if part)


def _write(length: timedelta, unit: _Unit, language: Translator) -> str:
    # No threshold: 40 days are not "1 month" here.
    return dates.format_timedelta(length, unit, threshold=math.inf, locale=language.locale)


def away(when: datetime, now: datetime, language: Translator) -> str:
    """Write how far a moment is away: "in 2 days 3 hours" or "5 minutes ago"."""
    if when > now:
        return language.gettext("in %(time)s") % {"time": span(when - now, language)}
    return language.gettext("%(time)s ago") % {"time": span(now - when, language)}


def clock(when: datetime, language: Translator) -> str:
    """Write a deadline: date, time to the minute, and the name of the time zone."""
    date = dates.format_date(when.astimezone(language.zone), "medium", locale=language.locale)
    time = dates.format_time(when, "short", tzinfo=language.zone, locale=language.locale)
    zone = dates.format_time(when, "z", tzinfo=language.zone, locale=language.locale)
    if not zone.isalpha():
        # A bare "-0300" is easily read as part of the time.
        zone = dates.get_timezone_gmt(when.astimezone(language.zone), "long", locale=language.locale)
    return f"{date}, {time} {zone}"


def percent(share: float, language: Translator) -> str:
    """Write a part of the whole: "80%"."""
    return numbers.format_percent(share, format="#,##0.##%", locale=language.locale)


def offset(when: datetime, language: Translator) -> int:
    """Minutes from the portal's time to UTC, as JavaScript counts them."""
    return int(-(when.astimezone(language.zone).utcoffset() or timedelta()) / MINUTE)
