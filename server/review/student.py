"""What a student's page of a submission says of reviews and requests. Knows no Flask."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.models import Submission
from server.review import asking, record, source
from server.review.asking import Asking
from server.review.record import Record
from server.review.source import Source
from server.store import Store, StoreError


@dataclass(frozen=True)
class Told:
    """What a student is told."""

    #: None: nothing is published
    review: Record | None
    #: None: no remark needs it, or it is gone
    source: Source | None
    asking: Asking


def read(session: Session, store: Store, submission: Submission) -> Told:
    """Read what may be told of a submission."""
    review = record.read_published(session, submission)
    lines = None
    if review and review.remarks:
        try:
            lines = source.read(submission.file_name, store.get(submission.blob), submission.slug)
        except StoreError:
            lines = None
    return Told(review, lines, asking.read(session, submission))
