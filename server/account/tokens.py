"""Tokens: what opens something for whoever shows it. The database knows their hashes alone. Knows no Flask.

API tokens are for programs: they act for one user, may do what their scopes say, and expire.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.models import ApiToken, Membership, Role, User

#: what a token may be allowed: look at what its user may look at, hand in for them, do what they may do as staff of
#: courses, and as administrators
SCOPES = ("read", "submit", "teach", "administer")
#: for how many days a token may be made
LIFETIMES = (7, 30, 90, 365)
MAX_TOKENS = 20
MAX_NAME = 80

#: lets a scanner that looks for lost secrets recognise one
PREFIX = "gradiente_"
#: noted this seldom, so that a program that asks often does not write as often
USE_NOTED = timedelta(minutes=5)


def make_secret() -> str:
    """Make up a token that nobody guesses."""
    return secrets.token_urlsafe(32)


def hash_secret(raw: str) -> str:
    """What the database keeps of a token. It is random and long: a fast hash gives nothing away."""
    return hashlib.sha256(raw.encode()).hexdigest()


def scopes_of(session: Session, user: User) -> tuple[str, ...]:
    """What this user's tokens may be allowed: nothing that the user may not do in any course or in the portal."""
    if user.role is Role.ADMINISTRATOR:
        return SCOPES
    staff = select(Membership.id).where(Membership.user_id == user.id, Membership.role != Role.STUDENT).limit(1)
    teaches = user.role is Role.INSTRUCTOR or session.scalar(staff) is not None
    return ("read", "submit", "teach") if teaches else ("read", "submit")


def make_token(session: Session, user: User, name: str, scopes: Iterable[str], days: int, now: datetime) -> str:
    """Make an API token and return it; it cannot be read again. Raises ValueError for an unknown scope."""
    chosen = sorted(set(scopes))
    if unknown := set(chosen) - set(SCOPES):
        raise ValueError(f"Unknown scope {', '.join(sorted(unknown))}. There are: {', '.join(SCOPES)}.")
    raw = PREFIX + make_secret()
    expires_at = now + timedelta(days=days)
    session.add(
        ApiToken(
            user_id=user.id,
            name=name[:MAX_NAME],
            token_hash=hash_secret(raw),
            scopes=chosen,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return raw


def find_token(session: Session, raw: str, now: datetime) -> ApiToken | None:
    """The token that was shown; None: it is unknown, revoked or expired."""
    found = session.scalar(select(ApiToken).where(ApiToken.token_hash == hash_secret(raw)))
    return found if found is not None and found.expires_at > now else None


def is_use_worth_noting(token: ApiToken, now: datetime) -> bool:
    """Whether the last use that was noted is a while ago."""
    return token.used_at is None or token.used_at <= now - USE_NOTED


def note_use(session: Session, token_id: int, now: datetime) -> None:
    """Remember when a token was last used. Needs a session that writes."""
    found = session.get(ApiToken, token_id)
    if found is not None:
        found.used_at = now


def list_tokens(session: Session, user: User, now: datetime) -> Sequence[ApiToken]:
    """A user's tokens that still open something, newest first."""
    mine = select(ApiToken).where(ApiToken.user_id == user.id, ApiToken.expires_at > now)
    return session.scalars(mine.order_by(ApiToken.id.desc())).all()


def count_tokens(session: Session, user: User, now: datetime) -> int:
    """How many tokens of a user still open something."""
    mine = select(func.count()).select_from(ApiToken).where(ApiToken.user_id == user.id, ApiToken.expires_at > now)
    return session.scalar(mine) or 0


def revoke_token(session: Session, user: User, token_id: int) -> bool:
    """End a token of this user. False: there is none of that number."""
    mine = delete(ApiToken).where(ApiToken.id == token_id, ApiToken.user_id == user.id).returning(ApiToken.id)
    return session.scalar(mine) is not None
