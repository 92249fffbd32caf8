"""Accounts: passwords, log-ins and the brake on guessing. Knows the database, not Flask."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import LogIn, Throttle, User

#: OWASP's smallest Argon2id setting: with more, a class that logs in at once would take gigabytes
HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
MIN_PASSWORD, MAX_PASSWORD = 8, 200
MAX_NAME = 80

WINDOW = timedelta(minutes=15)
#: failures in the window after which a login is refused from one address
MAX_PER_LOGIN = 8
#: and any login from that address: a classroom may share one
MAX_PER_ADDRESS = 100


def clean_login(raw: str) -> str:
    """Write a login the way it is stored."""
    return raw.strip().casefold()


def check_sign_up(login: str, name: str, password: str, repeated: str) -> dict[str, str]:
    """Say what is wrong with each field, as texts to translate; empty: nothing."""
    problems = {}
    if not LOGIN.fullmatch(login):
        problems["login"] = mark("Use 3 to 32 letters without accents, digits, dots, hyphens or underscores.")
    if not 1 <= len(name) <= MAX_NAME:
        problems["name"] = mark("Write the name that your teachers know you by, in at most 80 characters.")
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        problems["password"] = mark("Use a password of 8 to 200 characters.")
    elif password.casefold() == login:
        problems["password"] = mark("The password must differ from the user name.")
    if password != repeated:
        problems["repeated"] = mark("The two passwords differ.")
    return problems


def find_by_login(session: Session, login: str) -> User | None:
    """The account of a login; None: there is none."""
    return session.scalar(select(User).where(User.login == login))


def sign_up(login: str, name: str, password: str, now: datetime) -> User:
    """Make an account that a session can add."""
    return User(login=login, name=name, password_hash=HASHER.hash(password), created_at=now)


def is_password(user: User | None, password: str) -> bool:
    """Whether this is the account's password; takes as long for an account that does not exist."""
    try:
        return HASHER.verify(user.password_hash if user else _nobody(), password) and user is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return HASHER.hash(secrets.token_hex())


def open_log_in(session: Session, user: User, days: int, now: datetime) -> str:
    """Log an account in and return the token for its cookie."""
    token = secrets.token_urlsafe(32)
    session.execute(delete(LogIn).where(LogIn.expires_at < now))
    session.add(LogIn(user_id=user.id, token_hash=_hash(token), created_at=now, expires_at=now + timedelta(days=days)))
    return token


def close_log_in(session: Session, token: str) -> None:
    """End one log-in."""
    session.execute(delete(LogIn).where(LogIn.token_hash == _hash(token)))


def find_user(session: Session, token: str, now: datetime) -> User | None:
    """Who holds a token; None: it is unknown, ended or expired."""
    found = session.scalar(select(LogIn).where(LogIn.token_hash == _hash(token), LogIn.expires_at > now))
    return found.user if found else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def is_throttled(session: Session, login: str, address: str, now: datetime) -> bool:
    """Whether there were too many failures of late to try again."""
    recent = select(func.count()).select_from(Throttle).where(Throttle.address == address, Throttle.at > now - WINDOW)
    by_address = session.scalar(recent) or 0
    by_login = session.scalar(recent.where(Throttle.login == login)) or 0
    return by_login >= MAX_PER_LOGIN or by_address >= MAX_PER_ADDRESS


def note_failure(session: Session, login: str, address: str, now: datetime) -> None:
    """Remember a failed log-in, and forget the old ones."""
    session.execute(delete(Throttle).where(Throttle.at < now - WINDOW))
    session.add(Throttle(login=login[:40], address=address[:60], at=now))
