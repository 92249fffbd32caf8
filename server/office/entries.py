"""The log as people read it: chosen by person, course, action and dates, with names and words. Knows no Flask."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import Course, LogEntry, User
from server.office.log import TEXTS, Action

#: what details are called, where they have a name for people
KEYS = {
    "before": mark("before"),
    "after": mark("now"),
    "reason": mark("reason"),
    "count": mark("how many"),
    "exercises": mark("exercises"),
    "owner": mark("has to act"),
    "fault": mark("cause"),
    "what": mark("what"),
    "text": mark("text"),
    "role": mark("role"),
    "points": mark("points"),
}

#: how much of one detail is shown
MAX_SHOWN = 300


@dataclass(frozen=True)
class Filter:
    """Which entries are looked for. Empty or None: all."""

    #: login of whoever did it, or whom it is about
    person: str = ""
    #: a course's code
    course: str = ""
    action: Action | None = None
    #: days, both inclusive
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Line:
    """One entry, with names. None: nobody, or somebody who is gone."""

    entry: LogEntry
    by: User | None
    about: User | None
    course: Course | None

    @property
    def text(self) -> str:
        """What was done, in English, to be translated; a word that is no longer in use as it stands there."""
        known = self.entry.action in list(Action)
        return TEXTS[Action(self.entry.action)] if known else self.entry.action

    @property
    def details(self) -> list[tuple[str, str]]:
        """What else is known: what to call it, in English, and what it is."""
        return [(KEYS.get(key, key.replace("_", " ")), write_value(value)) for key, value in self.entry.detail.items()]


def write_value(value: Any) -> str:
    """Write a detail; never too long for a line of a list."""
    if isinstance(value, dict):
        text = "; ".join(f"{key}: {write_value(each)}" for key, each in value.items())
    elif isinstance(value, list):
        text = ", ".join(write_value(each) for each in value)
    elif isinstance(value, float):
        text = f"{value:.10g}"
    else:
        text = "–" if value is None or value == "" else str(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def find(wanted: Filter, zone: tzinfo, course_id: int | None = None) -> Select[LogEntry]:
    """The query for entries, newest first; with ``course_id`` those of that course alone. Days are those of a zone."""
    query = select(LogEntry).order_by(LogEntry.at.desc(), LogEntry.id.desc())
    if course_id is not None:
        query = query.where(LogEntry.course_id == course_id)
    if wanted.person:
        login = wanted.person.strip().casefold()
        person = select(User.id).where((User.login == login) | (User.email == login)).scalar_subquery()
        query = query.where((LogEntry.by_id == person) | (LogEntry.user_id == person))
    if wanted.course:
        course = select(Course.id).where(Course.code == wanted.course.strip().lower()).scalar_subquery()
        query = query.where(LogEntry.course_id == course)
    if wanted.action is not None:
        query = query.where(LogEntry.action == wanted.action.value)
    if wanted.first is not None:
        query = query.where(LogEntry.at >= midnight(wanted.first, zone))
    if wanted.last is not None:
        query = query.where(LogEntry.at < midnight(wanted.last + timedelta(days=1), zone))
    return query


def midnight(day: date, zone: tzinfo) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), zone)


def read_day(raw: str) -> date | None:
    """The day of a date field; None: it is empty. Raises ValueError for what is none."""
    day = date.fromisoformat(raw) if raw else None
    if day is not None and not 1970 <= day.year <= 9000:
        raise ValueError(raw)
    return day


def lines(session: Session, entries: Sequence[LogEntry]) -> list[Line]:
    """Entries with the names of people and courses, each looked up once for all."""
    ids = {each.by_id for each in entries} | {each.user_id for each in entries}
    users = {user.id: user for user in session.scalars(select(User).where(User.id.in_(_known(ids))))}
    courses_of = _known(each.course_id for each in entries)
    courses = {course.id: course for course in session.scalars(select(Course).where(Course.id.in_(courses_of)))}
    return [
        Line(each, users.get(each.by_id or 0), users.get(each.user_id or 0), courses.get(each.course_id or 0))
        for each in entries
    ]


def _known(ids: Iterable[int | None]) -> list[int]:
    return sorted({id for id in ids if id is not None})
