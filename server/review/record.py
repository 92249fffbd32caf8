"""What staff has written about a submission: read, changed, published. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import Assignment, LineComment, Review, RubricItem, RubricMark, Submission, User
from server.review.source import Source

#: characters of a comment
MAX_COMMENT = 10_000
#: remarks on one submission's lines
MAX_REMARKS = 200

TOO_LONG = mark("Write at most 10,000 characters.")
NO_TEXT = mark("Write what you want to say about the line.")
NO_LINE = mark("There is no such line in what was handed in. Choose another one.")
TOO_MANY = mark("There are 200 remarks on this submission already. Remove one first.")


@dataclass(frozen=True)
class Remark:
    """Something about one line."""

    id: int
    path: str
    line: int
    text: str
    by: str
    at: datetime


@dataclass(frozen=True)
class Record:
    """Everything that was written about one submission."""

    review: Review | None
    #: who saved it last
    by: str
    #: the assignment's rubric, and the ids of what applies
    items: Sequence[RubricItem]
    marked: frozenset[int]
    remarks: Sequence[Remark]

    @property
    def is_published(self) -> bool:
        """Whether the student reads it."""
        return self.review is not None and self.review.published_at is not None

    @property
    def comment(self) -> str:
        """The overall comment."""
        return self.review.comment if self.review else ""

    @property
    def points(self) -> float:
        """Points that the rubric adds or takes."""
        return sum(item.points for item in self.applied)

    @property
    def applied(self) -> list[RubricItem]:
        """What of the rubric applies."""
        return [item for item in self.items if item.id in self.marked]

    @property
    def version(self) -> str:
        """Differs whenever it was saved."""
        return self.review.updated_at.isoformat() if self.review else ""

    @property
    def by_line(self) -> dict[tuple[str, int], list[Remark]]:
        """What was written about each line."""
        found: dict[tuple[str, int], list[Remark]] = {}
        for each in self.remarks:
            found.setdefault((each.path, each.line), []).append(each)
        return found

    def strays(self, source: Source | None) -> list[Remark]:
        """Remarks on lines that are not shown."""
        return [each for each in self.remarks if source is None or not source.shows(each.path, each.line)]


def read(session: Session, submission: Submission) -> Record:
    """Read all that was written about a submission."""
    found = session.execute(
        select(Review, User.name)
        .outerjoin(User, User.id == Review.by_id)
        .where(Review.submission_id == submission.id)
    ).one_or_none()  # fmt: skip
    items = session.scalars(
        select(RubricItem)
        .where(RubricItem.assignment_id == submission.assignment_id)
        .order_by(RubricItem.position, RubricItem.id)
    ).all()
    marked = session.scalars(select(RubricMark.item_id).where(RubricMark.submission_id == submission.id))
    remarks = session.execute(
        select(LineComment, User.name)
        .outerjoin(User, User.id == LineComment.by_id)
        .where(LineComment.submission_id == submission.id)
        .order_by(LineComment.file, LineComment.line, LineComment.id)
    )
    return Record(
        found[0] if found else None,
        (found[1] or "") if found else "",
        items,
        frozenset(marked),
        [Remark(each.id, each.file, each.line, each.text, name or "", each.created_at) for each, name in remarks],
    )


def save(
    session: Session, submission: Submission, by: int, now: datetime, comment: str, items: Collection[int]
) -> Review:
    """Write the comment and which of the assignment's rubric applies. Whether it is published stays as it is."""
    review = session.scalar(select(Review).where(Review.submission_id == submission.id))
    if review is None:
        review = Review(submission_id=submission.id)
        session.add(review)
    review.comment, review.by_id, review.updated_at = comment, by, now
    known = set(session.scalars(select(RubricItem.id).where(RubricItem.assignment_id == submission.assignment_id)))
    marks = session.scalars(select(RubricMark).where(RubricMark.submission_id == submission.id))
    kept = {each.item_id: each for each in marks}
    for gone in kept.keys() - items:
        session.delete(kept[gone])
    for item in sorted((known & set(items)) - kept.keys()):
        session.add(RubricMark(submission_id=submission.id, item_id=item, by_id=by))
    session.flush()
    return review


def add_remark(
    session: Session, submission: Submission, by: int, now: datetime, path: str, line: int, text: str
) -> None:
    """Remark on a line."""
    session.add(
        LineComment(submission_id=submission.id, file=path, line=line, text=text, by_id=by, created_at=now)
    )  # fmt: skip


def remove_remark(session: Session, submission: Submission, id: int) -> bool:
    """Take a remark away; False: this submission has none of that id."""
    gone = delete(LineComment).where(LineComment.id == id, LineComment.submission_id == submission.id)
    return bool(session.execute(gone.returning(LineComment.id)).all())


def read_published(session: Session, submission: Submission) -> Record | None:
    """What its student may read; None: nothing is published, or it is no course's."""
    if submission.assignment_id is None:
        return None
    published = select(Review.id).where(Review.submission_id == submission.id, Review.published_at.is_not(None))
    return read(session, submission) if session.scalar(published) else None


def find(session: Session, course_id: int, id: str) -> tuple[Submission, Assignment] | None:
    """A submission of a course, with its assignment; None: the course has none of that id."""
    found = (
        select(Submission, Assignment)
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Submission.id == id, Assignment.course_id == course_id)
    )
    row = session.execute(found).one_or_none()
    return (row[0], row[1]) if row else None
