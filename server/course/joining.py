"""Does what an import plans: accounts and memberships are made or changed. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session, contains_eager, lazyload

from server.course.enrolment import Account, Fate, Known, Member, Plan, Step, plan
from server.course.results import settle
from server.course.roster import Row
from server.models import Course, Membership, Role, User
from server.office import log
from server.office.log import Action


def plan_import(session: Session, course_id: int, rows: Sequence[Row], default: Role) -> Plan:
    """Plan an import by what the database knows now. As many queries for one row as for thousands."""
    emails, logins = {row.email for row in rows if row.email}, {row.login for row in rows if row.login}
    meant = select(User).where(User.email.in_(emails) | User.login.in_(logins))
    members = {each.user_id: each for each in session.scalars(members_of(course_id))}
    known = Known(
        [_account(each) for each in session.scalars(meant)],
        [_member(each) for each in members.values()],
        # All of them: a proposed name gets a number until it is free.
        frozenset(session.scalars(select(User.login))),
    )
    return plan(rows, known, default)


def members_of(course_id: int) -> Select[Membership]:
    """The query for those who take part in a course, with their accounts."""
    everybody = select(Membership).join(Membership.user).where(Membership.course_id == course_id)
    return everybody.options(contains_eager(Membership.user), lazyload(Membership.course))


def _account(user: User) -> Account:
    return Account(user.id, user.login, user.name, user.email)


def _member(membership: Membership) -> Member:
    return Member(_account(membership.user), membership.role, membership.number, membership.section)


def carry_out(session: Session, course: Course, planned: Plan, by_id: int, now: datetime) -> list[User]:
    """Do what is planned, and return the new accounts. No password opens them yet."""
    made = _make(session, [step for step in planned.steps if step.fate is Fate.NEW], now)
    ids = {each.login: each.id for each in made}
    joining = [
        (step, step.account or Account(ids[step.login], step.login, step.row.name))
        for step in planned.steps
        if step.fate in (Fate.NEW, Fate.JOINS)
    ]
    _add(session, course.id, joining, by_id, now)
    changing = {step.account.id: step for step in planned.steps if step.fate is Fate.CHANGED and step.account}
    _change(session, course.id, changing, by_id, now)
    settle(session, course.id, now, users=[*(account.id for _, account in joining), *changing])
    return made


def _make(session: Session, steps: Sequence[Step], now: datetime) -> list[User]:
    # In one statement each: the database would otherwise be asked for every single one's number.
    rows = [
        {"login": step.login, "name": step.row.name, "email": step.row.email or None, "created_at": now}
        for step in steps
    ]
    if not rows:
        return []
    session.execute(insert(User), rows)
    made = session.scalars(select(User).where(User.login.in_([step.login for step in steps])))
    by_login = {each.login: each for each in made}
    return [by_login[step.login] for step in steps]


def _add(session: Session, course_id: int, joining: Sequence[tuple[Step, Account]], by_id: int, now: datetime) -> None:
    rows = [
        {
            "course_id": course_id, "user_id": account.id, "role": step.role, "number": step.row.number,
            "section": step.row.section, "created_at": now,
        }
        for step, account in joining
    ]  # fmt: skip
    if rows:
        session.execute(insert(Membership), rows)
    told = [(account.id, account.login, {"role": step.role.value}) for step, account in joining]
    log.write_many(session, Action.MEMBER_ADDED, by_id, now, course_id, told)


def _change(session: Session, course_id: int, steps: Mapping[int, Step], by_id: int, now: datetime) -> None:
    """Change members, by account."""
    if not steps:
        return
    for member in session.scalars(members_of(course_id)):
        if step := steps.get(member.user_id):
            member.role = step.role
            member.number = step.row.number or member.number
            member.section = step.row.section or member.section
    session.flush()
    told = [
        (id, step.account.login, {name: list(change) for name, change in step.changes.items()})
        for id, step in steps.items()
        if step.account
    ]
    log.write_many(session, Action.MEMBER_CHANGED, by_id, now, course_id, told)
