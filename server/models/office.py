"""What those who run the portal need: who did what, what everybody is told, what exercises and workers are like."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.models.base import Base


class LogEntry(Base):
    """Something that staff did. Entries are added, never changed."""

    __tablename__ = "log_entry"
    __table_args__ = (Index(None, "course_id", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    #: who did it; NULL: the portal itself, the command line, or somebody whose data were deleted
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"))
    #: a word of ``server.office.log.Action``
    action: Mapped[str] = mapped_column(String(40))
    #: whom it is about; NULL: nobody in particular
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    #: what it is about: an exercise's slug, a submission's id
    subject: Mapped[str] = mapped_column(String(120), default="")
    #: before and after, reason
    detail: Mapped[dict[str, Any]]


class Announcement(Base):
    """What is said to everybody, or to a course, on top of pages."""

    __tablename__ = "announcement"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: NULL: everybody
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    #: NULL: until it is taken away
    expires_at: Mapped[datetime | None]


class ExerciseAudit(Base):
    """What the audit of one version of an exercise found."""

    __tablename__ = "exercise_audit"
    __table_args__ = (UniqueConstraint("slug", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80))
    version: Mapped[str] = mapped_column(String(40))
    passed: Mapped[bool]
    #: ``grader.audit``'s findings and figures
    detail: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Worker(Base):
    """A process that grades, as it has told of itself."""

    __tablename__ = "worker"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    #: host, process, devices, how many gradings at a time
    detail: Mapped[dict[str, Any]]
    #: gradings that run there now
    busy: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
