"""Who takes part in a course: the list, changes, removal, and what must not happen. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from server.course.clash import version_of
from server.course.enrolment import LAST_TEACHER, NUMBER_OF_OTHER
from server.course.joining import members_of
from server.course.results import settle
from server.course.roster import LONG_LABEL, MAX_LABEL, Note
from server.models import Assignment, Identity, Membership, Role, Submission, User
from server.office import log
from server.office.log import Action

MAX_QUERY = 100

#: what somebody can be in a course; administrators are none of a course's
ROLES = (Role.STUDENT, Role.ASSISTANT, Role.INSTRUCTOR)


@dataclass(frozen=True)
class Filter:
    """Whom of a course the list shows."""

    #: parts of the name, the user name, the e-mail address or the number
    text: str = ""
    role: Role | None = None
    #: None: all
    section: str | None = None


@dataclass(frozen=True)
class Part:
    """What a membership says."""

    role: Role
    number: str = ""
    section: str = ""
    #: None: as many as the course gives
    late_days: int | None = None

    @classmethod
    def of(cls, member: Membership) -> Part:
        """What this one says."""
        return cls(member.role, member.number, member.section, member.late_days)

    @property
    def version(self) -> str:
        """What stands for it as it is."""
        return version_of(asdict(self))


def find(course_id: int, wanted: Filter) -> Select[Membership]:
    """The query for those whom the list shows, by name."""
    query = members_of(course_id).order_by(func.lower(User.name), User.login)
    if wanted.role is not None:
        query = query.where(Membership.role == wanted.role)
    if wanted.section is not None:
        query = query.where(Membership.section == wanted.section)
    for word in wanted.text.split():
        columns = (User.name, User.login, User.email, Membership.number)
        name, login, email, number = (column.icontains(word, autoescape=True) for column in columns)
        query = query.where(name | login | email | number)
    return query


def sections(session: Session, course_id: int) -> list[str]:
    """The sections of a course that have somebody."""
    found = select(Membership.section).where(Membership.course_id == course_id, Membership.section != "")
    return sorted(session.scalars(found.distinct()), key=str.casefold)


def count_roles(session: Session, course_id: int) -> dict[Role, int]:
    """How many there are of each role."""
    found = select(Membership.role, func.count()).where(Membership.course_id == course_id)
    return dict(session.execute(found.group_by(Membership.role)).all())


def unopened(course_id: int) -> Select[User]:
    """The query for accounts that nothing opens yet: neither a password nor an institution."""
    members = select(Membership.user_id).where(Membership.course_id == course_id)
    has_identity = exists().where(Identity.user_id == User.id)
    mine = select(User).where(User.id.in_(members), User.password_hash.is_(None), ~has_identity)
    return mine.where(User.role == Role.STUDENT).order_by(func.lower(User.name), User.login)


def only_here(session: Session, course_id: int, users: Iterable[User]) -> set[int]:
    """Those of these accounts that take part in no other course.

    A link to a password is handed over for these alone: it must not open what belongs to another course.
    """
    ids = [user.id for user in users]
    elsewhere = select(Membership.user_id).where(Membership.user_id.in_(ids), Membership.course_id != course_id)
    return set(ids) - set(session.scalars(elsewhere))


def count_submissions(session: Session, member: Membership) -> int:
    """How much somebody has handed in for a course."""
    mine = select(func.count(Submission.id)).join(Assignment, Assignment.id == Submission.assignment_id)
    both = (Assignment.course_id == member.course_id) & (Submission.user_id == member.user_id)
    return session.scalar(mine.where(both)) or 0


def check(session: Session, member: Membership, wanted: Part) -> dict[str, Note]:
    """Say what is wrong with a change, by field; empty: nothing."""
    problems: dict[str, Note] = {}
    for name, label in (("number", wanted.number), ("section", wanted.section)):
        if len(label) > MAX_LABEL or not label.isprintable():
            problems[name] = Note(LONG_LABEL, {"value": label[:MAX_LABEL]})
    same = (Membership.course_id == member.course_id) & (Membership.number == wanted.number)
    other = select(Membership.id).where(same, Membership.id != member.id)
    if wanted.number and session.scalars(other).first() is not None:
        problems.setdefault("number", Note(NUMBER_OF_OTHER, {"value": wanted.number}))
    if wanted.role is not Role.INSTRUCTOR and is_last_teacher(session, member):
        problems["role"] = Note(LAST_TEACHER)
    return problems


def is_last_teacher(session: Session, member: Membership) -> bool:
    """Whether without this one the course would have no instructor.

    Within the transaction that changes it: two instructors who remove each other at once must not both succeed.
    """
    if member.role is not Role.INSTRUCTOR:
        return False
    same = (Membership.course_id == member.course_id) & (Membership.role == Role.INSTRUCTOR)
    # Locked where the database can; SQLite lets one transaction write at a time anyway.
    teachers = select(Membership.id).where(same).order_by(Membership.id).with_for_update()
    return session.scalars(teachers).all() == [member.id]


def change(session: Session, member: Membership, wanted: Part, by_id: int, now: datetime) -> bool:
    """Change what somebody is in a course. False: it is so already."""
    before = Part.of(member)
    if before == wanted:
        return False
    member.role, member.number, member.section = wanted.role, wanted.number, wanted.section
    member.late_days = wanted.late_days
    fields = ("role", "number", "section", "late_days")
    changes: dict[str, list[Any]] = {name: [getattr(before, name), getattr(wanted, name)] for name in fields}
    changed = {name: each for name, each in changes.items() if each[0] != each[1]}
    _write(session, Action.MEMBER_CHANGED, member, by_id, now, **changed)
    settle(session, member.course_id, now, users=[member.user_id])
    return True


def raise_role(session: Session, member: Membership, role: Role, now: datetime) -> None:
    """Give somebody a greater role, by an invitation."""
    change(session, member, replace(Part.of(member), role=role), member.user_id, now)


def remove(session: Session, member: Membership, by_id: int, now: datetime) -> None:
    """Take somebody out of a course. What they handed in, and their points, stay."""
    before = {"role": member.role.value, "number": member.number, "section": member.section}
    _write(session, Action.MEMBER_REMOVED, member, by_id, now, **before)
    session.delete(member)


def _write(session: Session, action: Action, member: Membership, by_id: int, now: datetime, **detail: Any) -> None:
    who: dict[str, Any] = {"course_id": member.course_id, "user_id": member.user_id, "subject": member.user.login}
    log.write(session, action, by_id, now, **who, **detail)
