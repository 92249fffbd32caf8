"""What staff says about a submission, what students ask about it, and regrades."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.models.account import User
from server.models.base import Base, words


class Review(Base):
    """An assistant's review of one submission; students read it when it is published."""

    __tablename__ = "review"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), unique=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    comment: Mapped[str] = mapped_column(Text, default="")
    #: NULL: a draft
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class LineComment(Base):
    """A remark about one line of what was handed in."""

    __tablename__ = "line_comment"
    __table_args__ = (Index(None, "submission_id", "line"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    #: of an archive: which file; empty: the only one
    file: Mapped[str] = mapped_column(String(200), default="")
    #: from 1
    line: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class RubricItem(Base):
    """Something that reviews of an assignment give or take points for."""

    __tablename__ = "rubric_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    title: Mapped[str] = mapped_column(String(200))
    #: below 0: they are taken
    points: Mapped[float]


class RubricMark(Base):
    """A rubric's item that applies to a submission."""

    __tablename__ = "rubric_mark"
    __table_args__ = (UniqueConstraint("submission_id", "item_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    item_id: Mapped[int] = mapped_column(ForeignKey("rubric_item.id", ondelete="CASCADE"), index=True)
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))


class RequestState(StrEnum):
    """Where a student's request is."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"


class RegradeRequest(Base):
    """A student asks to look at a submission's grading again."""

    __tablename__ = "regrade_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[RequestState] = mapped_column(words(RequestState), default=RequestState.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    answered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Published(StrEnum):
    """What a regrade changed."""

    ALL = "all"
    IMPROVED = "improved"


class Regrade(Base):
    """Submissions are graded again, aside; staff looks at the difference, and publishes it or not."""

    __tablename__ = "regrade"

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(400))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]
    published: Mapped[Published | None] = mapped_column(words(Published))
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    published_at: Mapped[datetime | None]
    #: given up: nothing changes; NULL: not so
    cancelled_at: Mapped[datetime | None]

    by: Mapped[User | None] = relationship(foreign_keys=[by_id])
