"""Other terms of an assignment for one student: what makes sense, and giving it. Knows no Flask."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from server.course import moment
from server.course.assignment_form import MAX_ATTEMPTS
from server.course.clash import version_of
from server.i18n import Translator, mark
from server.models import Assignment, Extension, Membership, Role, User
from server.office import log
from server.office.log import Action

#: that an extension may move
DATES = ("due_at", "closes_at")
MAX_REASON = 400
#: students that are named at once
MAX_NAMED = 500

NO_DUE = mark("It has no due date that could be moved. Leave this empty.")
NO_CLOSE = mark("It never closes. Leave this empty.")
NOT_LATER = mark("This is not later than for everybody. Choose a later time, or leave it empty.")
CLOSES_EARLY = mark("It would close before it is due. Choose a later time, or leave it empty.")
NO_LIMIT = mark("Attempts are not limited here. Leave this empty.")
NOTHING = mark("Give a later date or more attempts.")
NO_ATTEMPTS = mark("Write a whole number from %(least)s to %(most)s.")
TOO_LONG = mark("Use at most %(n)s characters.")


@dataclass(frozen=True)
class Grant:
    """What an extension gives. None and 0: as for everybody."""

    due_at: datetime | None = None
    closes_at: datetime | None = None
    more_attempts: int = 0
    reason: str = ""

    def together(self, other: Grant) -> Grant:
        """Whichever is later or more of the two; the reason of the other one, where it has one."""
        return Grant(
            _later(self.due_at, other.due_at),
            _later(self.closes_at, other.closes_at),
            max(self.more_attempts, other.more_attempts),
            other.reason or self.reason,
        )

    def plain(self) -> dict[str, Any]:
        """For the log; the reason stands there by itself."""
        dates = {"due_at": self.due_at, "closes_at": self.closes_at}
        texts = {name: when.isoformat() if when else None for name, when in dates.items()}
        return {**texts, "more_attempts": self.more_attempts}


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((each for each in (one, other) if each is not None), default=None)


def version(grant: Grant) -> str:
    """What stands for an extension as it is."""
    return version_of([grant.plain(), grant.reason])


def grant_of(extension: Extension) -> Grant:
    """What an extension gives."""
    return Grant(extension.due_at, extension.closes_at, extension.more_attempts, extension.reason)


def show(grant: Grant, zone: str) -> dict[str, str]:
    """What the fields of a form show."""
    return {
        "due_at": moment.write(grant.due_at, zone),
        "closes_at": moment.write(grant.closes_at, zone),
        "more_attempts": str(grant.more_attempts or ""),
        "reason": grant.reason,
    }


def read(
    form: Mapping[str, str],
    assignment: Assignment,
    zone: str,
    language: Translator,
    now: datetime,
    kept: Grant | None = None,
) -> tuple[Grant, dict[str, str]]:
    """What was typed, and all that is wrong with it, by field. ``kept`` is what the form showed."""
    kept = kept or Grant()
    values: dict[str, Any] = {"reason": " ".join(form.get("reason", "").split())}
    problems: dict[str, str] = {}
    for name in DATES:
        try:
            values[name] = moment.read(form.get(name, ""), zone, now, getattr(kept, name))
        except moment.Unreadable as error:
            problems[name] = error.message(language)
    attempts = form.get("more_attempts", "").strip() or "0"
    if attempts.isascii() and attempts.isdecimal() and int(attempts[:9]) <= MAX_ATTEMPTS:
        values["more_attempts"] = int(attempts[:9])
    else:
        limits = {"least": language.number(0), "most": language.number(MAX_ATTEMPTS)}
        problems["more_attempts"] = language.gettext(NO_ATTEMPTS) % limits
    if len(values["reason"]) > MAX_REASON:
        problems["reason"] = language.gettext(TOO_LONG) % {"n": language.number(MAX_REASON)}
    grant = Grant(**values)
    found = find_problems(assignment, grant, unread=problems)
    return grant, {name: language.gettext(text) for name, text in found.items()} | problems


def find_problems(assignment: Assignment, grant: Grant, unread: Collection[str] = ()) -> dict[str, str]:
    """What makes no sense in an extension, by field. ``unread``: fields of which nobody knows what was meant."""
    problems = {}
    if problem := _check_date(assignment.due_at, grant.due_at, NO_DUE):
        problems["due_at"] = problem
    if problem := _check_date(assignment.closes_at, grant.closes_at, NO_CLOSE):
        problems["closes_at"] = problem
    elif grant.closes_at and grant.due_at and grant.closes_at < grant.due_at:
        problems["closes_at"] = CLOSES_EARLY
    if grant.more_attempts and assignment.max_attempts is None:
        problems["more_attempts"] = NO_LIMIT
    is_unread = not {*DATES, "more_attempts"}.isdisjoint(unread)
    if not (grant.due_at or grant.closes_at or grant.more_attempts or is_unread):
        problems["due_at"] = NOTHING
    return problems


def _check_date(ours: datetime | None, theirs: datetime | None, none: str) -> str:
    if theirs is None:
        return ""
    return none if ours is None else NOT_LATER if theirs <= ours else ""


def names_in(text: str) -> list[str]:
    """The students that were typed: one a line, or with spaces, commas or semicolons between."""
    return list(dict.fromkeys(re.findall(r"[^\s,;]+", text)))


def find_students(session: Session, course_id: int, names: Sequence[str]) -> dict[str, list[Membership]]:
    """The course's students of each name: a login, an e-mail address or a number. Good are those of one student."""
    folded = [name.casefold() for name in names]
    wanted = or_(User.login.in_(folded), User.email.in_(folded), func.lower(Membership.number).in_(folded))
    students = select(Membership).join(Membership.user).where(
        Membership.course_id == course_id, Membership.role == Role.STUDENT, wanted
    )  # fmt: skip
    found: dict[str, list[Membership]] = {name: [] for name in names}
    by_name: dict[str, list[Membership]] = {}
    for member in session.scalars(students):
        for key in {member.user.login, (member.user.email or "").casefold(), member.number.casefold()}:
            by_name.setdefault(key, []).append(member)
    return found | {name: by_name.get(name.casefold(), []) for name in names}


def give(
    session: Session,
    assignment: Assignment,
    grants: Mapping[int, Grant],
    had: Mapping[int, Extension],
    by_id: int,
    now: datetime,
) -> None:
    """Set the extensions of students, by account, in the place of those that they ``had``; the log tells of it.

    What counts is not settled yet.
    """
    for user_id, grant in grants.items():
        extension = had.get(user_id)
        before = grant_of(extension) if extension else None
        if before == grant:
            continue
        if extension is None:
            extension = Extension(assignment_id=assignment.id, user_id=user_id, created_at=now)
            session.add(extension)
        extension.due_at, extension.closes_at = grant.due_at, grant.closes_at
        extension.more_attempts, extension.reason, extension.by_id = grant.more_attempts, grant.reason, by_id
        log.write(
            session, Action.EXTENSION_SET, by_id, now, course_id=assignment.course_id, user_id=user_id,
            subject=assignment.slug, before=before.plain() if before else None, after=grant.plain(),
            reason=grant.reason,
        )  # fmt: skip


def give_more(
    session: Session,
    assignment: Assignment,
    grant: Grant,
    users: Iterable[int],
    had: Mapping[int, Extension],
    by_id: int,
    now: datetime,
) -> None:
    """Give students an extension; what they have already stays where it is later or more."""
    grants = {user: grant_of(had[user]).together(grant) if user in had else grant for user in users}
    give(session, assignment, grants, had, by_id, now)


def of_assignment(session: Session, assignment_id: int, users: Collection[int]) -> dict[int, Extension]:
    """The extensions that these students have of an assignment, by account."""
    mine = (Extension.assignment_id == assignment_id) & Extension.user_id.in_(users)
    return {each.user_id: each for each in session.scalars(select(Extension).where(mine))}


def of_student(session: Session, course_id: int, user_id: int) -> dict[int, Extension]:
    """The extensions that a student has in a course, by assignment."""
    mine = select(Extension).join(Assignment).where(Assignment.course_id == course_id, Extension.user_id == user_id)
    return {each.assignment_id: each for each in session.scalars(mine)}


def take_away(session: Session, assignment: Assignment, extension: Extension, by_id: int, now: datetime) -> None:
    """Let a student have everybody's terms again. What counts is not settled yet."""
    log.write(
        session, Action.EXTENSION_REMOVED, by_id, now, course_id=assignment.course_id, user_id=extension.user_id,
        subject=assignment.slug, before=grant_of(extension).plain(), reason=extension.reason,
    )  # fmt: skip
    session.delete(extension)
    session.flush()


def shift(assignment: Assignment, days: int, zone: str, now: datetime, reason: str) -> Grant:
    """All dates of an assignment so many days later, at the same time on the wall. Raises Unmovable."""
    dates = {name: getattr(assignment, name) for name in DATES}
    return Grant(**moment.shift_all(assignment.slug, dates, days, zone, now), reason=reason)
