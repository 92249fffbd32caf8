"""Passwords: which are good enough, how they are kept, and the links that replace a lost one. Knows no Flask."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from zxcvbn import zxcvbn

from server.account.tokens import hash_secret, make_secret
from server.i18n import mark
from server.models import ApiToken, LogIn, PasswordReset, User

#: OWASP's smallest Argon2id setting: with more, a class that logs in at once would take gigabytes
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

MIN_LENGTH, MAX_LENGTH = 8, 128
#: a password that falls within so many guesses is refused
MIN_GUESSES = 1_000_000
#: of a longer password only the beginning is judged: the time that it takes grows fast, and this much is enough
JUDGED = 30
#: what people here choose, beside the names and the words that the estimate knows
LOCAL_WORDS = ("gradiente", "gradient", "senha", "brasil", "flamengo", "corinthians", "palmeiras", "aluno", "aluna")

#: how long a link to a new password works: one in a letter, and one that staff hands over
LETTER_LIFE, STAFF_LIFE = timedelta(hours=1), timedelta(days=1)


def check_password(password: str, repeated: str, about: Iterable[str]) -> dict[str, str]:
    """Say what is wrong with a new password, by field; ``about`` is what others know of its owner."""
    problems = {}
    known = [word for text in about for word in _words(text.casefold())]
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        problems["password"] = mark("Use a password of 8 to 128 characters.")
    elif password.casefold() in known:
        problems["password"] = mark("The password must differ from the user name, the name and the e-mail address.")
    elif zxcvbn(password[:JUDGED], user_inputs=[*known, *LOCAL_WORDS])["guesses"] < MIN_GUESSES:
        problems["password"] = mark(
            "This password is easy to guess, because many use it or one like it. Several words in a row are better."
        )
    if password != repeated:
        problems["repeated"] = mark("The two passwords differ.")
    return problems


def _words(text: str) -> list[str]:
    """A name or an address whole, in parts and run together."""
    forms = (text, text.partition("@")[0])
    together = [re.sub(r"[\W_]+", "", form) for form in forms]
    return [word for word in (*forms, *together, *re.split(r"[\W_]+", text)) if word]


def hash_password(password: str) -> str:
    """What the database keeps of a password."""
    return HASHER.hash(password)


def is_password(user: User | None, password: str) -> bool:
    """Whether this is the account's password; takes as long for an account that does not exist."""
    try:
        known = user.password_hash if user else None
        return HASHER.verify(known or _nobody(), password) and known is not None
    except (VerificationError, InvalidHashError):
        return False


def keep_hash_strong(session: Session, user: User, password: str) -> None:
    """Hash a password anew, which has just proved right, if its hash was made with other settings than today's."""
    known = user.password_hash
    if known and HASHER.check_needs_rehash(known):
        # Only in that hash's place: the password may have been changed since.
        same = (User.id == user.id) & (User.password_hash == known)
        session.execute(update(User).where(same).values(password_hash=hash_password(password)))


@cache
def _nobody() -> str:
    return HASHER.hash(secrets.token_hex())


def change_password(session: Session, user_id: int, password: str) -> None:
    """Set a new password. Log-ins, API tokens and links that were sent end: the old one may have opened the account."""
    found = session.get_one(User, user_id)
    found.password_hash = hash_password(password)
    session.execute(delete(LogIn).where(LogIn.user_id == user_id))
    session.execute(delete(ApiToken).where(ApiToken.user_id == user_id))
    forget_resets(session, user_id)


def make_reset(session: Session, user: User, life: timedelta, now: datetime) -> str:
    """Make the token of a link that sets a new password, once."""
    session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now))
    raw = make_secret()
    session.add(PasswordReset(user_id=user.id, token_hash=hash_secret(raw), created_at=now, expires_at=now + life))
    return raw


def find_reset(session: Session, raw: str, now: datetime) -> PasswordReset | None:
    """The link of a token; None: it is unknown, used or expired."""
    same = select(PasswordReset).where(PasswordReset.token_hash == hash_secret(raw), PasswordReset.expires_at > now)
    return session.scalar(same)


def forget_resets(session: Session, user_id: int) -> None:
    """Make the links worthless that an account was sent."""
    session.execute(delete(PasswordReset).where(PasswordReset.user_id == user_id))
