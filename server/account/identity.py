"""Accounts and log-ins. Knows the database, not Flask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.account.passwords import check_password, hash_password
from server.account.tokens import hash_secret, make_secret
from server.i18n import mark
from server.models import LogIn, Role, User

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
MAX_NAME = 80
#: only a letter shows whether an address is right; this finds what cannot be one
EMAIL = re.compile(r"[^@\s,;<>()\"]+@[a-z0-9-]+(\.[a-z0-9-]+)+")
MAX_EMAIL = 254

NAME_PROBLEM = mark("Write the name that your teachers know you by, in at most 80 characters.")
EMAIL_PROBLEM = mark("This is no e-mail address. Write one such as ana@example.org, or leave the field empty.")
EMAIL_TAKEN = mark("Another account has this e-mail address. Log in with it, or use another address.")
LOGIN_TAKEN = mark("This user name is taken. Choose another one.")


def clean_login(raw: str) -> str:
    """Write a login or an e-mail address the way it is stored."""
    return raw.strip().casefold()


def clean_name(raw: str) -> str:
    """Write a name the way it is stored."""
    return " ".join(raw.split())


def check_name(name: str) -> bool:
    """Whether pages can show the name."""
    return 1 <= len(name) <= MAX_NAME and name.isprintable()


def check_email(email: str) -> bool:
    """Whether letters might be sent there."""
    return len(email) <= MAX_EMAIL and email.isprintable() and EMAIL.fullmatch(email) is not None


def check_sign_up(login: str, name: str, password: str, repeated: str, email: str = "") -> dict[str, str]:
    """Say what is wrong with each field, as texts to translate; empty: nothing."""
    problems = {}
    if not LOGIN.fullmatch(login):
        problems["login"] = mark("Use 3 to 32 letters without accents, digits, dots, hyphens or underscores.")
    if not check_name(name):
        problems["name"] = NAME_PROBLEM
    if email and not check_email(email):
        problems["email"] = EMAIL_PROBLEM
    return problems | check_password(password, repeated, [login, name, email])


def check_taken(session: Session, login: str, email: str | None) -> dict[str, str]:
    """Say which fields another account has."""
    problems = {}
    if find_by_login(session, login):
        problems["login"] = LOGIN_TAKEN
    if email and find_by_email(session, email):
        problems["email"] = EMAIL_TAKEN
    return problems


def find_by_id(session: Session, user_id: int) -> User | None:
    """The account of a number; None: there is none."""
    return session.get(User, user_id)


def find_by_login(session: Session, login: str) -> User | None:
    """The account of a user name; None: there is none."""
    return session.scalar(select(User).where(User.login == login))


def find_by_email(session: Session, email: str) -> User | None:
    """The account of an e-mail address; None: there is none."""
    return session.scalar(select(User).where(User.email == email))


def find_account(session: Session, typed: str) -> User | None:
    """The account of a user name or an e-mail address. No user name has an @."""
    return find_by_email(session, typed) if "@" in typed else find_by_login(session, typed)


def sign_up(
    login: str, name: str, password: str, now: datetime, *, email: str | None = None, role: Role = Role.STUDENT
) -> User:
    """Make an account that a session can add."""
    hashed = hash_password(password)
    return User(login=login, name=name, email=email or None, password_hash=hashed, role=role, created_at=now)


def open_log_in(session: Session, user: User, days: int, now: datetime, device: str = "") -> str:
    """Log an account in and return the token for its cookie."""
    token = make_secret()
    session.execute(delete(LogIn).where(LogIn.expires_at < now))
    expires_at = now + timedelta(days=days)
    session.add(
        LogIn(user_id=user.id, token_hash=hash_secret(token), device=device, created_at=now, expires_at=expires_at)
    )
    return token


def close_log_in(session: Session, token: str) -> None:
    """End one log-in."""
    session.execute(delete(LogIn).where(LogIn.token_hash == hash_secret(token)))


def close_log_ins(session: Session, user: User, only: int | None = None) -> None:
    """End the log-ins of an account: all of them, or the one of that number."""
    mine = delete(LogIn).where(LogIn.user_id == user.id)
    session.execute(mine if only is None else mine.where(LogIn.id == only))


def list_log_ins(session: Session, user: User, now: datetime) -> Sequence[LogIn]:
    """Where an account is logged in, newest first."""
    mine = select(LogIn).where(LogIn.user_id == user.id, LogIn.expires_at > now)
    return session.scalars(mine.order_by(LogIn.id.desc())).all()


def find_log_in(session: Session, token: str, now: datetime) -> LogIn | None:
    """The log-in of a cookie's token; None: it is unknown, ended or expired."""
    return session.scalar(select(LogIn).where(LogIn.token_hash == hash_secret(token), LogIn.expires_at > now))


def find_user(session: Session, token: str, now: datetime) -> User | None:
    """Who holds a token; None: it is unknown, ended or expired."""
    found = find_log_in(session, token, now)
    return found.user if found else None
