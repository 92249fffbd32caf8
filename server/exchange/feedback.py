"""Feedback on what was handed in: one archive of pages for each submission."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.db import Database
from server.exchange import again
from server.exchange.content import PAGE, Content
from server.exchange.refusal import NO_PAGES, Refused
from server.models import ExchangeFeedback, ExchangeSubmission
from server.office import log
from server.office.log import Action
from server.store import Store


@dataclass(frozen=True)
class Draft:
    """Feedback that staff wants to release."""

    submission_id: str
    content: Content
    by_id: int


def release(database: Database, store: Store, draft: Draft, now: datetime) -> bool:
    """Release feedback in the place of what there was; False: it was the same already. Raises Refused, StoreError."""
    names = draft.content.files
    if not names or any("/" in name or not name.endswith(PAGE) for name in names):
        raise Refused(NO_PAGES)
    blob = store.put(draft.content.raw)
    return again.write(database, lambda session: _release(session, draft, blob, now))


def _release(session: Session, draft: Draft, blob: str, now: datetime) -> bool:
    submission = session.get_one(ExchangeSubmission, draft.submission_id, with_for_update={"of": ExchangeSubmission})
    found = session.get(ExchangeFeedback, draft.submission_id)
    if found is not None and found.blob == blob:
        return False
    if found is None:
        found = ExchangeFeedback(submission_id=draft.submission_id)
        session.add(found)
    found.blob, found.size, found.files = blob, len(draft.content.raw), dict(draft.content.files)
    found.by_id, found.released_at = draft.by_id, now
    log.write(
        session, Action.EXCHANGE_FEEDBACK, draft.by_id, now, course_id=submission.assignment.course_id,
        user_id=submission.user_id, subject=submission.assignment.name, submission=submission.id,
    )  # fmt: skip
    return True


def find_many(session: Session, ids: Iterable[str]) -> dict[str, ExchangeFeedback]:
    """The feedback of submissions that have some, by the submission's id."""
    query = select(ExchangeFeedback).where(ExchangeFeedback.submission_id.in_(list(ids)))
    return {each.submission_id: each for each in session.scalars(query)}
