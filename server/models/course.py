"""Courses: who takes part, what is assigned, and what counts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.models.account import Role, User
from server.models.base import Base, words


class Counting(StrEnum):
    """Which attempt counts."""

    BEST = "best"
    LAST = "last"


class Hidden(StrEnum):
    """What students read of hidden tests."""

    #: everything: title, verdict, message and hint
    TITLE = "title"
    #: a number and a verdict
    VERDICT = "verdict"
    #: not that they are there
    NOTHING = "nothing"


class When(StrEnum):
    """From when something is so."""

    NOW = "now"
    AFTER_DEADLINE = "after_deadline"


class Course(Base):
    """A course in one term."""

    __tablename__ = "course"

    id: Mapped[int] = mapped_column(primary_key=True)
    #: in addresses: lower-case letters, digits and hyphens
    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(120))
    #: as people say it: "2026/2", "Fall 2026"
    term: Mapped[str] = mapped_column(String(40), default="")
    #: in which its dates are read and written; empty: the portal's
    time_zone: Mapped[str] = mapped_column(String(60), default="")
    #: days that each student may be late without cost, over all assignments that allow it
    late_days: Mapped[int] = mapped_column(default=0)
    #: nobody but staff sees it any more, and nothing is taken in; NULL: it is on
    archived_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class Membership(Base):
    """Somebody's part in a course."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("course_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    #: student, assistant or instructor; administrators need none
    role: Mapped[Role] = mapped_column(words(Role), default=Role.STUDENT)
    #: the institution's number for a student
    number: Mapped[str] = mapped_column(String(40), default="")
    #: class or group within the course
    section: Mapped[str] = mapped_column(String(40), default="")
    #: instead of the course's; NULL: the course's
    late_days: Mapped[int | None]
    created_at: Mapped[datetime]

    course: Mapped[Course] = relationship(lazy="joined")
    user: Mapped[User] = relationship(lazy="joined")

    @property
    def late_day_budget(self) -> int:
        """Late days that they have in all."""
        return self.course.late_days if self.late_days is None else self.late_days


class Assignment(Base):
    """An exercise in a course, with its terms. Without a course: the terms on which everybody may practise it."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("course_id", "slug"),
        Index(
            "uq_assignment_slug_without_course",
            "slug",
            unique=True,
            sqlite_where=text("course_id IS NULL"),
            postgresql_where=text("course_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(80))
    #: whether students see it
    is_published: Mapped[bool] = mapped_column(default=True)
    opens_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    #: nothing is taken in after it; NULL: never
    closes_at: Mapped[datetime | None]
    #: that it is worth in the course; NULL: as many as its tests
    points: Mapped[float | None]
    #: NULL: any number
    max_attempts: Mapped[int | None]
    #: between two attempts
    cooldown_minutes: Mapped[int] = mapped_column(default=0)
    #: after the due date there is no cost yet for so long
    grace_minutes: Mapped[int] = mapped_column(default=0)
    #: part of the score that each day begun after the due date costs, in percent
    late_percent: Mapped[float] = mapped_column(default=0.0)
    #: whether days late are first taken from the student's late days
    uses_late_days: Mapped[bool] = mapped_column(default=False)
    counting: Mapped[Counting] = mapped_column(words(Counting), default=Counting.BEST)
    #: what students read of hidden tests, and from when
    hidden_shown: Mapped[Hidden] = mapped_column(words(Hidden), default=Hidden.TITLE)
    hidden_shown_when: Mapped[When] = mapped_column(words(When), default=When.NOW)
    #: from when hidden tests are run at all
    hidden_run_when: Mapped[When] = mapped_column(words(When), default=When.NOW)

    course: Mapped[Course | None] = relationship()


class Extension(Base):
    """Other terms of an assignment for one student. NULL: as for everybody."""

    __tablename__ = "extension"
    __table_args__ = (UniqueConstraint("assignment_id", "user_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    due_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    #: on top of the assignment's
    more_attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(400), default="")
    by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(foreign_keys=[user_id])


class Result(Base):
    """What counts for a student in an assignment. It follows from submissions, terms and reviews, but for the override.

    Kept, not worked out on reading: a gradebook has tens of thousands of them.
    ``server.course.results`` keeps them in step.
    """

    __tablename__ = "result"

    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True, index=True)
    #: the attempt that counts; NULL: none does
    submission_id: Mapped[str | None] = mapped_column(ForeignKey("submission.id", ondelete="SET NULL"))
    #: attempts that were used
    attempts: Mapped[int] = mapped_column(default=0)
    #: days begun after the due date, and how many of them were late days of the student
    days_late: Mapped[int] = mapped_column(default=0)
    late_days: Mapped[int] = mapped_column(default=0)
    #: points by tests, after what being late costs; NULL: nothing was graded
    earned: Mapped[float | None]
    #: points that a published review adds or takes
    manual: Mapped[float] = mapped_column(default=0.0)
    #: points that staff has set instead; NULL: not so
    override: Mapped[float | None]
    override_reason: Mapped[str] = mapped_column(String(400), default="")
    override_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    #: the points that count: the override, or earned and manual together, never below 0; NULL: none yet
    points: Mapped[float | None]
    updated_at: Mapped[datetime]
