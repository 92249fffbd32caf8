"""Invitations: links by which accounts are made, with a role, for a while and for so many. Knows no Flask."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from server.account.tokens import hash_secret, make_secret
from server.i18n import mark
from server.models import Invitation, Role

MAX_NOTE = 120


class Refusal(StrEnum):
    """Why an invitation makes no account, as a sentence for whoever opened it."""

    UNKNOWN = mark("This invitation is not known here. Check that you copied the whole link.")
    EXPIRED = mark("This invitation has expired. Ask whoever sent it for a new one.")
    USED_UP = mark("This invitation has been used up. Ask whoever sent it for a new one.")
    OVER = mark("The course of this invitation is over. Ask whoever sent it whether there is a new one.")


def make_invitation(
    session: Session,
    role: Role,
    days: int,
    now: datetime,
    *,
    uses: int | None = None,
    note: str = "",
    course_id: int | None = None,
) -> str:
    """Make an invitation and return its token; it cannot be read again.

    ``uses`` None: any number; ``course_id``: the course in which it gives the role, None: in the portal.
    """
    raw = make_secret()
    session.add(
        Invitation(
            token_hash=hash_secret(raw),
            role=role,
            course_id=course_id,
            note=note[:MAX_NOTE],
            uses_left=uses,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
    )
    return raw


def find_invitation(session: Session, raw: str) -> Invitation | None:
    """The invitation of a token, whether it still works or not; None: there is none."""
    return session.scalar(select(Invitation).where(Invitation.token_hash == hash_secret(raw)))


def check_invitation(invitation: Invitation | None, now: datetime) -> Refusal | None:
    """Say why an invitation makes no account; None: it does."""
    if invitation is None:
        return Refusal.UNKNOWN
    if invitation.expires_at <= now:
        return Refusal.EXPIRED
    return Refusal.USED_UP if invitation.uses_left == 0 else None


def use_invitation(session: Session, invitation: Invitation, now: datetime) -> bool:
    """Count one account. False: others were quicker, or it expired meanwhile."""
    # In one statement, so that two who come at once cannot both take the last place.
    counted = (
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.expires_at > now)
        .where(or_(Invitation.uses_left.is_(None), Invitation.uses_left > 0))
        .values(uses_left=Invitation.uses_left - 1)
        .returning(Invitation.id)
    )
    return session.scalar(counted) is not None
