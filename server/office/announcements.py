"""What everybody or a course is told on top of pages, until it expires. Knows no Flask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import Announcement, Course, Membership, Role
from server.office import log
from server.office.log import Action

MAX_TEXT = 1000
#: that are shown at a time; whoever announces more than that is not read anyway
MAX_SHOWN = 5

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")

NOTHING = mark("Write what is to be said.")
TOO_LONG = mark("This is too long for the top of every page. Use at most 1,000 characters.")
PAST = mark("This moment is over. Choose a later one, or leave the field empty.")


def check(text: str, expires_at: datetime | None, now: datetime) -> dict[str, str]:
    """Say what is wrong with each field, as texts to translate; empty: nothing."""
    problems = {}
    if not text.strip():
        problems["text"] = NOTHING
    elif len(text) > MAX_TEXT:
        problems["text"] = TOO_LONG
    if expires_at is not None and expires_at <= now:
        problems["expires"] = PAST
    return problems


def linked(text: str) -> Markup:
    """Plain text with links where it names addresses. Nothing else of it means anything to a browser."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        link = escape(found[0])
        parts += [escape(text[end : found.start()]), Markup('<a href="{0}" rel="noopener">{0}</a>').format(link)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def current(session: Session, user_id: int | None, now: datetime) -> Sequence[Any]:
    """What somebody is told now, newest first, and by which course; None: by the portal.

    ``user_id`` None: a visitor, who takes part in no course.
    """
    audience: ColumnElement[bool] = Announcement.course_id.is_(None)
    if user_id is not None:
        mine = select(Membership.course_id).join(Course, Course.id == Membership.course_id)
        # Students see no course that is archived.
        seen = Course.archived_at.is_(None) | (Membership.role != Role.STUDENT)
        audience = or_(audience, Announcement.course_id.in_(mine.where(Membership.user_id == user_id, seen)))
    is_on = Announcement.expires_at.is_(None) | (Announcement.expires_at > now)
    query = select(Announcement, Course.title).outerjoin(Course, Course.id == Announcement.course_id)
    return session.execute(query.where(audience, is_on).order_by(Announcement.id.desc()).limit(MAX_SHOWN)).all()


def listed(session: Session, course_id: int | None) -> Sequence[Announcement]:
    """All announcements of a course, or to everybody, newest first."""
    mine = Announcement.course_id.is_(None) if course_id is None else Announcement.course_id == course_id
    return session.scalars(select(Announcement).where(mine).order_by(Announcement.id.desc()).limit(100)).all()


def make(
    session: Session, course_id: int | None, text: str, expires_at: datetime | None, by_id: int, now: datetime
) -> Announcement:
    """Tell a course something, or everybody (None), with a text that was checked."""
    made = Announcement(course_id=course_id, text=text, by_id=by_id, created_at=now, expires_at=expires_at)
    session.add(made)
    log.write(session, Action.ANNOUNCED, by_id, now, course_id=course_id, text=text[:200])
    session.flush()
    return made


def remove(session: Session, course_id: int | None, id: int, by_id: int, now: datetime) -> bool:
    """Take an announcement away; False: the course, or the portal (None), has none of that id."""
    found = session.get(Announcement, id)
    if found is None or found.course_id != course_id:
        return False
    session.delete(found)
    log.write(session, Action.ANNOUNCED, by_id, now, course_id=course_id, what="taken away", text=found.text[:200])
    return True
