"""Works out what a roster changes in a course: who is new, who joins, who is changed, and which rows cannot be.

Plain functions of what is known; ``server.course.joining`` asks the database for that, and does what is planned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from server.account.claims import propose_login
from server.course.roster import NO_NAME, Note, Row
from server.i18n import mark
from server.models import Role


class Fate(StrEnum):
    """What happens to a row."""

    NEW = "new"
    JOINS = "joins"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WRONG = "wrong"


FATES = {
    Fate.NEW: mark("new account"),
    Fate.JOINS: mark("joins"),
    Fate.CHANGED: mark("changes"),
    Fate.UNCHANGED: mark("stays as it is"),
    Fate.WRONG: mark("not imported"),
}

TWICE = mark("This is the same person as in line %(line)s.")
TWO_ACCOUNTS = mark("The e-mail address and the user name belong to two different accounts.")
LOGIN_OF_OTHER = mark("Somebody with another e-mail address has the user name “%(value)s”.")
NUMBER_OF_OTHER = mark("Somebody else in this course has the number “%(value)s”.")
LAST_TEACHER = mark("This is the last instructor of the course. Make somebody else instructor first.")


@dataclass(frozen=True)
class Account:
    """An account that there is."""

    id: int
    login: str
    name: str
    email: str | None = None


@dataclass(frozen=True)
class Member:
    """Somebody's part in the course."""

    account: Account
    role: Role = Role.STUDENT
    number: str = ""
    section: str = ""


@dataclass(frozen=True)
class Known:
    """What there is before the import."""

    #: those that a row may mean, and all members
    accounts: Iterable[Account] = ()
    members: Iterable[Member] = ()
    #: user names that are taken, by whomever
    logins: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Step:
    """What happens to one row."""

    row: Row
    fate: Fate
    #: what it is afterwards
    role: Role = Role.STUDENT
    #: None: it is made
    account: Account | None = None
    #: of an account that is made
    login: str = ""
    #: of a member: what it is before and afterwards, by column
    changes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    problem: Note | None = None


@dataclass(frozen=True)
class Plan:
    """What happens to all rows, and who of the course is in none."""

    steps: list[Step]
    absent: list[Member]

    def count(self, fate: Fate) -> int:
        """How many rows have this fate."""
        return sum(step.fate is fate for step in self.steps)

    @property
    def does_something(self) -> bool:
        """Whether anything changes."""
        return any(step.fate in (Fate.NEW, Fate.JOINS, Fate.CHANGED) for step in self.steps)


class Refused(ValueError):
    """A row that cannot be imported."""

    def __init__(self, text: str, **values: object) -> None:
        super().__init__(text)
        self.note = Note(text, values)


def plan(rows: Iterable[Row], known: Known, default: Role = Role.STUDENT) -> Plan:
    """Plan an import. ``default``: what those are who join without being told what."""
    every = list(rows)
    planner = _Planner(known, {row.login for row in every if row.login})
    steps = [planner.step(row, default) for row in every]
    return Plan(steps, [each for id, each in planner.members.items() if id not in planner.met])


class _Planner:
    """What is known, and what the rows before have taken."""

    def __init__(self, known: Known, reserved: set[str]) -> None:
        self.members = {each.account.id: each for each in known.members}
        accounts = [*known.accounts, *(each.account for each in known.members)]
        self.by_email = {each.email: each for each in accounts if each.email}
        self.by_login = {each.login: each for each in accounts}
        self.by_number = {each.number: each.account.id for each in known.members if each.number}
        self.accounts = {each.id: each for each in accounts}
        self.teachers = {id for id, each in self.members.items() if each.role is Role.INSTRUCTOR}
        self.taken = set(known.logins) | set(self.by_login) | reserved
        #: accounts in rows before
        self.met: set[int] = set()
        #: by what tells who somebody is: the line
        self.lines: dict[tuple[str, str | int], int] = {}

    def step(self, row: Row, default: Role) -> Step:
        """What happens to the next row."""
        if row.problem:
            return Step(row, Fate.WRONG, problem=row.problem)
        try:
            self._check_twice(row, None)
            account = self._find(row)
            self._check_twice(row, account)
            found = self._join(row, account, default) if account else self._make(row, default)
        except Refused as refused:
            return Step(row, Fate.WRONG, problem=refused.note)
        self._note(row, account)
        return found

    def _keys(self, row: Row, account: Account | None) -> list[tuple[str, str | int]]:
        keys: list[tuple[str, str | int]] = [
            (kind, value) for kind, value in (("e", row.email), ("l", row.login), ("n", row.number)) if value
        ]
        return [*keys, ("a", account.id)] if account else keys

    def _check_twice(self, row: Row, account: Account | None) -> None:
        before = [self.lines[key] for key in self._keys(row, account) if key in self.lines]
        if before:
            raise Refused(TWICE, line=before[0])

    def _note(self, row: Row, account: Account | None) -> None:
        self.lines |= dict.fromkeys(self._keys(row, account), row.line)
        if account:
            self.met.add(account.id)

    def _find(self, row: Row) -> Account | None:
        """Whom a row means: by address, by user name, then by the number in this course."""
        by_email, by_login = self.by_email.get(row.email), self.by_login.get(row.login)
        if by_email and by_login and by_email.id != by_login.id:
            raise Refused(TWO_ACCOUNTS)
        if by_login and not by_email and row.email and by_login.email:
            raise Refused(LOGIN_OF_OTHER, value=row.login)
        found, owner = by_email or by_login, self.by_number.get(row.number)
        if found and owner is not None and owner != found.id:
            raise Refused(NUMBER_OF_OTHER, value=row.number)
        return found or (self.accounts[owner] if owner is not None else None)

    def _make(self, row: Row, default: Role) -> Step:
        if not row.name:
            raise Refused(NO_NAME)
        login = row.login or self._free_login(propose_login(row.email or row.number, row.name))
        self.taken.add(login)
        return Step(row, Fate.NEW, row.role or default, login=login)

    def _free_login(self, proposal: str) -> str:
        if proposal not in self.taken:
            return proposal
        return next(login for number in count(2) if (login := f"{proposal}-{number}") not in self.taken)

    def _join(self, row: Row, account: Account, default: Role) -> Step:
        member = self.members.get(account.id)
        if member is None:
            return Step(row, Fate.JOINS, row.role or default, account)
        role = row.role or member.role
        self._check_teachers(account, role)
        told = {
            "role": (member.role.value, role.value),
            "number": (member.number, row.number or member.number),
            "section": (member.section, row.section or member.section),
        }
        changes = {name: change for name, change in told.items() if change[0] != change[1]}
        return Step(row, Fate.CHANGED if changes else Fate.UNCHANGED, role, account, changes=changes)

    def _check_teachers(self, account: Account, role: Role) -> None:
        if role is Role.INSTRUCTOR:
            self.teachers.add(account.id)
        elif account.id in self.teachers:
            if len(self.teachers) == 1:
                raise Refused(LAST_TEACHER)
            self.teachers.discard(account.id)
