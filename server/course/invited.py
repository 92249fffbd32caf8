"""Joins a course by its invitation. Knows the database, not Flask."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.account import invitations
from server.account.invitations import Refusal
from server.course import members
from server.course.membership import is_at_least
from server.course.results import settle
from server.models import Course, Invitation, Membership, User
from server.office import log
from server.office.log import Action


def find_course(session: Session, invitation: Invitation | None) -> Course | None:
    """The course that an invitation leads into; None: it is for the portal."""
    return session.get(Course, invitation.course_id) if invitation and invitation.course_id else None


def find_part(session: Session, course: Course, user: User) -> Membership | None:
    """What somebody is in a course already."""
    mine = (Membership.course_id == course.id) & (Membership.user_id == user.id)
    return session.scalar(select(Membership).where(mine))


def gives_more(invitation: Invitation, part: Membership | None) -> bool:
    """Whether it lets somebody do more than now; it never takes anything away."""
    return part is None or not is_at_least(part.role, invitation.role)


def join(session: Session, invitation: Invitation, course: Course, user: User, now: datetime) -> Refusal | None:
    """Let somebody take part, in the transaction of the caller. Says why not; None: they take part."""
    part = find_part(session, course, user)
    if not gives_more(invitation, part):
        return None
    if not invitations.use_invitation(session, invitation, now):
        return Refusal.USED_UP
    if part is None:
        add(session, invitation, course, user, now)
    else:
        members.raise_role(session, part, invitation.role, now)
    return None


def add(session: Session, invitation: Invitation, course: Course, user: User, now: datetime) -> None:
    """Make somebody part of a course, with an invitation that was counted."""
    session.add(Membership(course_id=course.id, user_id=user.id, role=invitation.role, created_at=now))
    log.write(
        session, Action.MEMBER_ADDED, user.id, now, course_id=course.id, user_id=user.id, subject=user.login,
        role=invitation.role.value, by="invitation",
    )  # fmt: skip
    settle(session, course.id, now, users=[user.id])
