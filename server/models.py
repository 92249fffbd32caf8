"""The tables. ``migrations/`` makes them, and a test holds both in step.

    user 1──n log_in          revocable log-ins
    user 1──n submission 1──n submission_event
    throttle                  failed log-ins of the last minutes

The submission row is the truth about a grading: its state, who grades it now (the lease) and what came out.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Enum, ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator

from grader.report import Owner


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets the zone, so it is put back on reading; a naive moment is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"{value} has no time zone. Use datetime.now(UTC).")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def _values(enum: type[StrEnum]) -> list[str]:
    return [member.value for member in enum]


def _words(enum: type[StrEnum]) -> Enum:
    """A column of an enumeration's values, as text: new members then need no change of the table."""
    return Enum(enum, native_enum=False, length=20, values_callable=_values)


class Base(DeclarativeBase):
    """What all tables share. Named constraints: SQLite's tables can only be changed by name later."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON}  # noqa: RUF012 (SQLAlchemy's own idiom)


class Role(StrEnum):
    """What an account may do."""

    STUDENT = "student"
    ASSISTANT = "assistant"
    INSTRUCTOR = "instructor"
    ADMINISTRATOR = "administrator"


class State(StrEnum):
    """Where a submission is on its way."""

    RECEIVED = "received"
    RUNNING = "running"
    GRADED = "graded"
    FAILED = "failed"


class User(Base):
    """An account."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: what is typed to log in: lower case
    login: Mapped[str] = mapped_column(String(40), unique=True)
    #: what pages show
    name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(_words(Role), default=Role.STUDENT)
    #: NULL: as the browser asks
    language: Mapped[str | None] = mapped_column(String(10))
    created_at: Mapped[datetime]


class LogIn(Base):
    """One log-in on one device; deleting the row ends it."""

    __tablename__ = "log_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    #: SHA-256 of the cookie's token, so that a copy of the database opens no account
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="joined")


class Throttle(Base):
    """One failed log-in."""

    __tablename__ = "throttle"
    __table_args__ = (Index(None, "address", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(index=True)


class Submission(Base):
    """What a student handed in, and what became of it."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("user_id", "slug", "attempt"),
        UniqueConstraint("user_id", "form_key"),
        Index(None, "state", "created_at"),
    )

    #: opaque, so that addresses do not tell how many there are
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: secrets.token_urlsafe(16))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(80))
    attempt: Mapped[int]
    #: made with the form, so that a second click finds the first one's submission
    form_key: Mapped[str] = mapped_column(String(64))
    #: as the student named it: never a path of ours
    file_name: Mapped[str] = mapped_column(String(200))
    #: SHA-256 of the content, its key in the store
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    created_at: Mapped[datetime]

    state: Mapped[State] = mapped_column(_words(State), default=State.RECEIVED)
    #: who grades it now; NULL: nobody
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_expires_at: Mapped[datetime | None]
    #: how often a grading was started
    tries: Mapped[int] = mapped_column(default=0)
    #: not to be graded before; NULL: at once
    wait_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    seed: Mapped[str | None] = mapped_column(String(80))
    exercise_version: Mapped[str | None] = mapped_column(String(40))
    score: Mapped[float | None]
    max_score: Mapped[float | None]
    #: who has to act; NULL: nobody, grading went through
    owner: Mapped[Owner | None] = mapped_column(_words(Owner))
    #: ``Report.to_store()``
    report: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    #: why grading did not go through, for staff alone
    fault: Mapped[str | None] = mapped_column(Text)

    @property
    def is_open(self) -> bool:
        """Whether a verdict is still to come."""
        return self.state in (State.RECEIVED, State.RUNNING)


class SubmissionEvent(Base):
    """Something that happened in the grading that runs now; the report takes their place when it is done."""

    __tablename__ = "submission_event"
    __table_args__ = (Index(None, "submission_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
