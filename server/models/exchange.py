"""nbgrader's exchange: assignments that were released, what was handed in for them, and the feedback on it.

All contents are zip archives in the store. They are the files of ``nbgrader`` and nothing that the portal grades.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.models.account import User
from server.models.base import Base
from server.models.course import Course


class ExchangeAssignment(Base):
    """An assignment of nbgrader in a course, by the name of its folder. It stays when it is withdrawn."""

    __tablename__ = "exchange_assignment"
    __table_args__ = (UniqueConstraint("course_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]

    course: Mapped[Course] = relationship()


class ExchangeRelease(Base):
    """One version of an assignment, as students fetch it. Earlier versions are kept."""

    __tablename__ = "exchange_release"
    __table_args__ = (
        UniqueConstraint("assignment_id", "version"),
        UniqueConstraint("assignment_id", "key"),
        # Whoever releases at the same time cannot both be the one that is fetched.
        Index(
            "uq_exchange_release_current",
            "assignment_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("exchange_assignment.id", ondelete="CASCADE"))
    version: Mapped[int]
    #: made by whoever released it, so that a repeated request is the same release
    key: Mapped[str] = mapped_column(String(64))
    #: SHA-256 of the archive, its key in the store
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    #: paths of the notebooks in it
    notebooks: Mapped[list[str]]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    #: when another version took its place or it was withdrawn; NULL: students fetch it
    ended_at: Mapped[datetime | None]

    assignment: Mapped[ExchangeAssignment] = relationship()
    by: Mapped[User | None] = relationship()


class ExchangeSubmission(Base):
    """What somebody handed in with ``nbgrader submit``."""

    __tablename__ = "exchange_submission"
    __table_args__ = (UniqueConstraint("user_id", "key"), Index(None, "assignment_id", "created_at"))

    #: opaque, so that addresses do not tell how many there are
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: secrets.token_urlsafe(16))
    assignment_id: Mapped[int] = mapped_column(ForeignKey("exchange_assignment.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    #: of the release that was there to be fetched when it was handed in
    version: Mapped[int]
    #: made by whoever handed it in, so that a repeated request is the same submission
    key: Mapped[str] = mapped_column(String(64))
    #: NULL: deleted because of its age
    blob: Mapped[str | None] = mapped_column(String(64), index=True)
    size: Mapped[int]
    notebooks: Mapped[list[str]]
    #: when it was received, by the portal's clock
    created_at: Mapped[datetime]
    #: when staff took it out of what is collected; NULL: it is there
    removed_at: Mapped[datetime | None]

    assignment: Mapped[ExchangeAssignment] = relationship(lazy="joined")
    user: Mapped[User] = relationship(lazy="joined")


class ExchangeFeedback(Base):
    """Feedback on a submission: the pages that ``nbgrader generate_feedback`` made. A later one takes its place."""

    __tablename__ = "exchange_feedback"

    submission_id: Mapped[str] = mapped_column(
        ForeignKey("exchange_submission.id", ondelete="CASCADE"), primary_key=True
    )
    blob: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    #: a page's file name -> SHA-256 of the page
    files: Mapped[dict[str, Any]]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    released_at: Mapped[datetime]
