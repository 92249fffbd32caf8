"""Submissions, their gradings, and what happens in one."""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from grader.report import Owner
from server.models.base import Base, words


class State(StrEnum):
    """Where a submission is on its way."""

    RECEIVED = "received"
    RUNNING = "running"
    GRADED = "graded"
    FAILED = "failed"


class Graded:
    """What a row knows that is to be graded: who does it now (the lease), and what came out."""

    state: Mapped[State] = mapped_column(words(State), default=State.RECEIVED)
    #: who grades it now; NULL: nobody
    lease_token: Mapped[str | None] = mapped_column(String(32))
    lease_expires_at: Mapped[datetime | None]
    #: how often a grading was started
    tries: Mapped[int] = mapped_column(default=0)
    #: not to be graded before; NULL: at once
    wait_until: Mapped[datetime | None]
    #: when a message was sent that it waits; NULL: none was since it came into the line
    sent_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    seed: Mapped[str | None] = mapped_column(String(80))
    exercise_version: Mapped[str | None] = mapped_column(String(40))
    score: Mapped[float | None]
    max_score: Mapped[float | None]
    #: the same of public tests alone, for students who may not know the others yet
    public_score: Mapped[float | None]
    public_max_score: Mapped[float | None]
    #: who has to act; NULL: nobody, grading went through
    owner: Mapped[Owner | None] = mapped_column(words(Owner))
    #: ``Report.to_store()``
    report: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)
    #: why grading did not go through, for staff alone
    fault: Mapped[str | None] = mapped_column(Text)
    #: since when tests of the report ask for a GPU and wait for one; NULL: none does, or nobody waits any more
    awaits_gpu_since: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        """Whether a verdict is still to come."""
        return self.state in (State.RECEIVED, State.RUNNING)


class Submission(Graded, Base):
    """What a student handed in, and what became of it."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("user_id", "slug", "attempt"),
        UniqueConstraint("user_id", "form_key"),
        Index(None, "state", "created_at"),
        # The line, in its order: whoever takes what is next reads one row of it, however many wait.
        Index(
            "ix_submission_line",
            "state",
            "last_turn",
            "created_at",
            "id",
            sqlite_where=text("state = 'received'"),
            postgresql_where=text("state = 'received'"),
        ),
        # Found without reading the others, whose reports are long.
        Index(
            "ix_submission_provisional",
            "assignment_id",
            sqlite_where=text("is_provisional = 1"),
            postgresql_where=text("is_provisional"),
        ),
        Index(
            "ix_submission_awaits_gpu_since",
            "awaits_gpu_since",
            sqlite_where=text("awaits_gpu_since IS NOT NULL"),
            postgresql_where=text("awaits_gpu_since IS NOT NULL"),
        ),
    )

    #: opaque, so that addresses do not tell how many there are
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: secrets.token_urlsafe(16))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(80))
    #: what it was handed in for; NULL: for practice
    assignment_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id", ondelete="SET NULL"), index=True)
    attempt: Mapped[int]
    #: made with the form, so that a second click finds the first one's submission
    form_key: Mapped[str] = mapped_column(String(64))
    #: as the student named it: never a path of ours
    file_name: Mapped[str] = mapped_column(String(200))
    #: SHA-256 of the content, its key in the store
    blob: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    created_at: Mapped[datetime]
    #: while it waits: when its student last had a turn in the line, in seconds since 1970; 0: never yet
    last_turn: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    #: part of the score that counts: less than 1 when it was handed in late
    credit: Mapped[float] = mapped_column(default=1.0)
    #: whether hidden tests are still to be run: the assignment does that after the deadline
    is_provisional: Mapped[bool] = mapped_column(default=False)
    #: whether it costs no attempt: it failed by a fault of ours, and was graded again later
    is_free: Mapped[bool] = mapped_column(default=False)


class GradingKind(StrEnum):
    """Why there is another grading of a submission."""

    #: a regrade's, which changes nothing until it is published
    SHADOW = "shadow"
    #: with the hidden tests, after the deadline; it takes the first one's place when it is done
    FINAL = "final"
    #: what counted before it was replaced
    PAST = "past"
    #: the tests that ask for a GPU: what comes of them joins the submission's report
    DEVICE = "device"


class Grading(Graded, Base):
    """Another grading of a submission. Those that still wait come after all submissions that do."""

    __tablename__ = "grading"
    # By both: of one submission's gradings, the one of a regrade; and not through all of that regrade.
    __table_args__ = (Index(None, "state", "created_at"), Index(None, "submission_id", "regrade_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: secrets.token_urlsafe(16))
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    kind: Mapped[GradingKind] = mapped_column(words(GradingKind))
    regrade_id: Mapped[int | None] = mapped_column(ForeignKey("regrade.id", ondelete="CASCADE"), index=True)
    #: whether only what asks for a GPU is left to do, so that a worker with one takes it
    on_gpu: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    #: when it took another's place, or was replaced; NULL: neither
    replaced_at: Mapped[datetime | None]

    submission: Mapped[Submission] = relationship()


class SubmissionEvent(Base):
    """Something that happened in the grading that runs now; the report takes their place when it is done."""

    __tablename__ = "submission_event"
    __table_args__ = (Index(None, "submission_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
