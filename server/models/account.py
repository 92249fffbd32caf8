"""Accounts, and what opens them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.models.base import Base, words


class Role(StrEnum):
    """What an account may do."""

    STUDENT = "student"
    ASSISTANT = "assistant"
    INSTRUCTOR = "instructor"
    ADMINISTRATOR = "administrator"


class User(Base):
    """An account."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: what is typed to log in: lower case
    login: Mapped[str] = mapped_column(String(40), unique=True)
    #: what pages show
    name: Mapped[str] = mapped_column(String(80))
    #: where a lost password's link is sent; NULL: nowhere
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    #: NULL: no password opens this account, an institution does
    password_hash: Mapped[str | None] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(words(Role), default=Role.STUDENT)
    #: NULL: as the browser asks
    language: Mapped[str | None] = mapped_column(String(10))
    #: whether leaderboards may list the account, under another name
    is_on_leaderboard: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class LogIn(Base):
    """One log-in on one device; deleting the row ends it."""

    __tablename__ = "log_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    #: SHA-256 of the cookie's token, so that a copy of the database opens no account
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: browser and system, so that its owner recognises it
    device: Mapped[str] = mapped_column(String(60), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined")


class Identity(Base):
    """An account at an institution's OpenID provider that logs a user in."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined")


class PasswordReset(Base):
    """A link that sets a new password, once."""

    __tablename__ = "password_reset"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined")


class Invitation(Base):
    """A link by which accounts are made, also where registration is closed."""

    __tablename__ = "invitation"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[Role] = mapped_column(words(Role), default=Role.STUDENT)
    #: the course in which they have that role; NULL: in the portal
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"))
    #: for whom it was made, as staff wrote it
    note: Mapped[str] = mapped_column(String(120), default="")
    #: accounts that it still makes; NULL: any number
    uses_left: Mapped[int | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """What a program shows instead of a password. It may do what its scopes say, until it expires."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="joined")


class Throttle(Base):
    """One try at something that must not be tried often: a failed log-in, a sign-up, a password's reset."""

    __tablename__ = "throttle"
    __table_args__ = (Index(None, "address", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), default="log_in")
    login: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(index=True)
