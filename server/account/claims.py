"""What an institution says about somebody who it has logged in, and the account that follows from it. Knows no Flask.

Accounts are found by issuer and subject alone. An e-mail address is no proof: institutions hand them on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.account.identity import LOGIN, MAX_NAME, check_email, clean_login, clean_name, find_by_email
from server.models import Identity, User

#: for those whose institution tells no name that can be a user name
NOBODY = "student"
#: of a proposed user name; the rest is for a number that makes it unique
MAX_PROPOSAL = 26


@dataclass(frozen=True)
class Claims:
    """An account at an institution."""

    issuer: str
    #: the institution's own number for it, which never changes and is never given to another
    subject: str
    #: what pages may show; empty: not told
    name: str
    #: a user name that could be had from it
    login: str
    #: empty: not told, or nobody has verified it
    email: str

    @property
    def label(self) -> str:
        """What its owner recognises it by."""
        return self.email or self.name or self.login


def read_claims(issuer: str, told: Mapping[str, Any]) -> Claims:
    """Read a verified ID token. Whatever is no text counts as not told."""
    text = {key: value for key, value in told.items() if isinstance(value, str)}
    email = clean_login(text.get("email", ""))
    full = text.get("name") or f"{text.get('given_name', '')} {text.get('family_name', '')}"
    name = clean_name("".join(letter for letter in full if letter.isprintable()))[:MAX_NAME].strip()
    is_usable = told.get("email_verified") is True and check_email(email)
    login = propose_login(text.get("preferred_username", ""), email, name)
    return Claims(issuer.rstrip("/"), text["sub"], name, login, email if is_usable else "")


def propose_login(*names: str) -> str:
    """Make a user name of the first of these that gives one: no accents, no spaces, nothing after an @."""
    for name in names:
        plain = unicodedata.normalize("NFKD", name.partition("@")[0]).encode("ascii", "ignore").decode().lower()
        login = re.sub(r"[^a-z0-9._-]+", ".", plain).strip("._-")[:MAX_PROPOSAL]
        if LOGIN.fullmatch(login):
            return login
    return NOBODY


def find_user_of(session: Session, claims: Claims) -> User | None:
    """The account that an institution's account opens; None: it opens none yet."""
    same = select(Identity).where(Identity.issuer == claims.issuer, Identity.subject == claims.subject)
    found = session.scalar(same)
    return found.user if found else None


def find_identity_of(session: Session, user: User, issuer: str) -> Identity | None:
    """The account at this institution that opens the user's account; None: there is none."""
    mine = select(Identity).where(Identity.user_id == user.id, Identity.issuer == issuer.rstrip("/"))
    return session.scalars(mine.order_by(Identity.id)).first()


def make_user(session: Session, claims: Claims, now: datetime) -> User:
    """Make the account of somebody who comes for the first time. No password opens it."""
    login = _free_login(session, claims.login)
    email = claims.email if claims.email and find_by_email(session, claims.email) is None else None
    made = User(login=login, name=claims.name or login, email=email, created_at=now)
    session.add(made)
    session.flush()
    link(session, made.id, claims.issuer, claims.subject, now)
    return made


def link(session: Session, user_id: int, issuer: str, subject: str, now: datetime) -> None:
    """Let an institution's account open the user's account."""
    session.add(Identity(user_id=user_id, issuer=issuer, subject=subject, created_at=now))


def _free_login(session: Session, proposal: str) -> str:
    similar = select(User.login).where(User.login.startswith(proposal, autoescape=True))
    taken = set(session.scalars(similar))
    if proposal not in taken:
        return proposal
    return next(login for number in count(2) if (login := f"{proposal}-{number}") not in taken)
