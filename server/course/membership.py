"""Who takes part in a course, and as what. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.models import Course, Membership, Role, User

#: from little to much
RANKS = (Role.STUDENT, Role.ASSISTANT, Role.INSTRUCTOR, Role.ADMINISTRATOR)


def find_course(session: Session, code: str) -> Course | None:
    """A course by its code; None: there is none."""
    return session.scalar(select(Course).where(Course.code == code))


def role_in(session: Session, user: User, course: Course) -> Role | None:
    """What somebody is in a course; None: nothing. Students see no course that is archived."""
    if user.role is Role.ADMINISTRATOR:
        return Role.ADMINISTRATOR
    mine = (Membership.course_id == course.id) & (Membership.user_id == user.id)
    found = session.scalar(select(Membership.role).where(mine))
    return None if found is Role.STUDENT and course.archived_at else found


def is_at_least(role: Role | None, least: Role) -> bool:
    """Whether a role may do what another one may."""
    return role is not None and RANKS.index(role) >= RANKS.index(least)


def memberships_of(session: Session, user: User) -> Sequence[Membership]:
    """The courses in which somebody takes part, newest first."""
    mine = select(Membership).join(Course).where(Membership.user_id == user.id)
    return session.scalars(mine.order_by(Course.archived_at.is_not(None), Course.created_at.desc())).all()
