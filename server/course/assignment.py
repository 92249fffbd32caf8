"""What terms of an assignment make sense; sets them for the command line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from server.course import moment
from server.course.terms import read_terms
from server.i18n import Translator, mark
from server.models import Assignment, Counting, Hidden, When
from server.submission.intake import find_assignment

#: what may be set, and what stands where nothing is
DEFAULTS: dict[str, Any] = {
    "is_published": True,
    "opens_at": None,
    "due_at": None,
    "closes_at": None,
    "points": None,
    "max_attempts": None,
    "cooldown_minutes": 0,
    "grace_minutes": 0,
    "late_percent": 0.0,
    "uses_late_days": False,
    "counting": Counting.BEST,
    "hidden_shown": Hidden.TITLE,
    "hidden_shown_when": When.NOW,
    "hidden_run_when": When.NOW,
}

#: what decides how many points somebody has
COUNTS = {"due_at", "points", "grace_minutes", "late_percent", "uses_late_days", "counting"}

DUE_BEFORE_OPENING = mark("It has to be due after it opens.")
CLOSES_BEFORE_OPENING = mark("It has to close after it opens.")
CLOSES_BEFORE_DUE = mark("It cannot close before it is due.")
CLOSES_IN_GRACE = mark("It closes before the grace period is over. Close it later, or shorten that.")
NOT_DUE = mark("Nothing is late without a due date. Set one, or take lateness and grace away.")
NO_COST = mark("Late days are only needed where being late costs something. Say what a day costs.")
NO_DEADLINE = mark("There is no deadline to wait for. Say when it is due or closes.")


class Wrong(ValueError):
    """Terms that make no sense; nothing was changed."""


def set_terms(session: Session, slug: str, values: dict[str, Any]) -> Assignment:
    """Give an exercise new terms: values by column of ``Assignment``; what is not named stays. Raises Wrong."""
    assignment = find_assignment(session, slug)
    if assignment is None:
        assignment = Assignment(slug=slug, **DEFAULTS)
    for name, value in values.items():
        setattr(assignment, name, value)
    check(assignment)
    session.add(assignment)
    return assignment


def clear_terms(session: Session, slug: str) -> None:
    """Make an exercise open at any time, for any number of attempts."""
    if assignment := find_assignment(session, slug):
        session.delete(assignment)


def check(assignment: Assignment) -> None:
    """Raises Wrong for terms that make no sense."""
    named = [("opens", assignment.opens_at), ("due", assignment.due_at), ("closes", assignment.closes_at)]
    dates = ", ".join(f"{name} {when.isoformat(timespec='minutes')}" for name, when in named if when is not None)
    for problem in find_problems(assignment).values():
        raise Wrong(f"{problem} ({dates})" if dates else problem)


def find_problems(assignment: Assignment, unread: Collection[str] = ()) -> dict[str, str]:
    """What makes no sense, by the column to look at: the first thing of each.

    ``unread``: columns of which nobody knows what was meant; nothing is said that would depend on them.
    """
    problems: dict[str, str] = {}
    for column, text, others in _judge(assignment):
        if not {column, *others} & set(unread):
            problems.setdefault(column, text)
    return problems


#: what makes no sense: the column to look at, the text, other columns that it follows from
_Problem = tuple[str, str, tuple[str, ...]]


def _judge(assignment: Assignment) -> Iterator[_Problem]:
    yield from _check_dates(assignment)
    yield from _check_lateness(assignment)
    yield from _check_hidden(assignment)


def _check_dates(assignment: Assignment) -> Iterator[_Problem]:
    opens, due, closes = assignment.opens_at, assignment.due_at, assignment.closes_at
    if opens and due and due <= opens:
        yield "due_at", DUE_BEFORE_OPENING, ("opens_at",)
    if opens and closes and closes <= opens:
        yield "closes_at", CLOSES_BEFORE_OPENING, ("opens_at",)
    if due and closes and closes < due:
        yield "closes_at", CLOSES_BEFORE_DUE, ("due_at",)
    if due and closes and closes < (read_terms(assignment).free_until or due):
        yield "closes_at", CLOSES_IN_GRACE, ("due_at", "grace_minutes")


def _check_lateness(assignment: Assignment) -> Iterator[_Problem]:
    if assignment.due_at is None:
        for name in ("late_percent", "grace_minutes", "uses_late_days"):
            if getattr(assignment, name):
                yield "due_at", NOT_DUE, (name,)
    if assignment.uses_late_days and not assignment.late_percent:
        yield "late_percent", NO_COST, ("uses_late_days",)


def _check_hidden(assignment: Assignment) -> Iterator[_Problem]:
    if assignment.due_at or assignment.closes_at:
        return
    for name in ("hidden_shown_when", "hidden_run_when"):
        if getattr(assignment, name) is When.AFTER_DEADLINE:
            yield name, NO_DEADLINE, ("due_at", "closes_at")


def describe(assignment: Assignment) -> dict[str, Any]:
    """All that may be set, as plain values for the log."""
    return {name: _plain(getattr(assignment, name)) for name in DEFAULTS}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value) if isinstance(value, str) else value


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is not the same before and after."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def read_time(text: str, zone: str, now: datetime) -> datetime:
    """Read an ISO date and time; one without a zone is in ``zone``. Raises ValueError; Wrong where none may be."""
    typed = datetime.fromisoformat(text)
    try:
        moment.check(typed if typed.tzinfo else typed.replace(tzinfo=UTC), now)
    except moment.Unreadable as error:
        raise Wrong(error.message(Translator("en"))) from None
    return typed if typed.tzinfo else typed.replace(tzinfo=ZoneInfo(zone))
