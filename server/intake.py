"""Takes a submission in: content on the disk first, then the row, and only then "received"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import rules
from server.db import Database
from server.models import State, Submission
from server.settings import Settings
from server.store import Store


@dataclass(frozen=True)
class Draft:
    """What a student wants to hand in."""

    user_id: int
    slug: str
    file_name: str
    content: bytes
    #: equal keys of one student are the same click
    form_key: str


class Refused(Exception):
    """The rules do not allow it; nothing was kept."""

    def __init__(self, refusal: rules.Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def hand_in(database: Database, store: Store, settings: Settings, draft: Draft, now: datetime) -> str:
    """Keep a submission and return its id; on return it is durable.

    Raises Refused, OSError when the content cannot be stored, and SQLAlchemyError when the row cannot.
    """
    if refusal := rules.check_upload(draft.file_name, len(draft.content), settings.max_upload):
        raise Refused(refusal)
    # Written outside of the transaction: nobody waits for this disk. Content without a row is harmless.
    blob = store.put(draft.content)
    with database.write() as session:
        if earlier := _same_click(session, draft):
            return earlier
        if refusal := rules.check_waiting(_count_waiting(session, draft.user_id), settings.max_waiting):
            raise Refused(refusal)
        submission = _new_row(session, draft, blob, now)
        session.add(submission)
        session.flush()
        return submission.id


def _new_row(session: Session, draft: Draft, blob: str, now: datetime) -> Submission:
    mine = (Submission.user_id == draft.user_id) & (Submission.slug == draft.slug)
    last = session.scalar(select(func.max(Submission.attempt)).where(mine))
    return Submission(
        user_id=draft.user_id,
        slug=draft.slug,
        attempt=rules.next_attempt(last),
        form_key=draft.form_key,
        file_name=draft.file_name,
        blob=blob,
        size=len(draft.content),
        created_at=now,
    )


def _same_click(session: Session, draft: Draft) -> str | None:
    same = (Submission.user_id == draft.user_id) & (Submission.form_key == draft.form_key)
    return session.scalar(select(Submission.id).where(same))


def _count_waiting(session: Session, user_id: int) -> int:
    waiting = (Submission.user_id == user_id) & Submission.state.in_([State.RECEIVED, State.RUNNING])
    return session.scalar(select(func.count()).select_from(Submission).where(waiting)) or 0
