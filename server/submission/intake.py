"""Takes a submission in: content on the disk first, then the row, and only then "received"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import rules
from server.course import terms
from server.course.offer import Offer, find_offer, use_of
from server.db import Database
from server.models import Assignment, State, Submission
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


@dataclass(frozen=True)
class Received:
    """What became of a draft."""

    id: str
    #: False: it was handed in before, with the same key
    is_new: bool = True
    #: whether what was handed in before with the same key is the same
    is_same: bool = True


class Refused(Exception):
    """The rules do not allow it; nothing was kept."""

    def __init__(self, refusal: rules.Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


def hand_in(database: Database, store: Store, settings: Settings, draft: Draft, now: datetime) -> Received:
    """Keep a submission; on return it is durable.

    Raises Refused, StoreError when the content cannot be stored, and SQLAlchemyError when the row cannot.
    """
    if refusal := rules.check_upload(draft.file_name, len(draft.content), settings.max_upload):
        raise Refused(refusal)
    # Written outside of the transaction: nobody waits for this disk. Content without a row is harmless.
    blob = store.put(draft.content)
    with database.write() as session:
        if earlier := _same_click(session, draft):
            kept = (earlier.slug, earlier.blob, earlier.file_name)
            return Received(earlier.id, is_new=False, is_same=kept == (draft.slug, blob, draft.file_name))
        offer = find_offer(session, draft.slug, draft.user_id, now)
        used = use_of(session, offer, draft.user_id, draft.slug)
        if refusal := terms.check(offer.terms, now, used.attempts, used.last_at):
            raise Refused(refusal)
        if refusal := rules.check_waiting(_count_waiting(session, draft.user_id), settings.max_waiting):
            raise Refused(refusal)
        submission = _new_row(session, draft, blob, now, offer)
        session.add(submission)
        session.flush()
        return Received(submission.id)


def find_assignment(session: Session, slug: str) -> Assignment | None:
    """The terms on which everybody may practise an exercise; None: it has none."""
    return session.scalar(select(Assignment).where(Assignment.slug == slug, Assignment.course_id.is_(None)))


def _new_row(session: Session, draft: Draft, blob: str, now: datetime, offer: Offer) -> Submission:
    mine = (Submission.user_id == draft.user_id) & (Submission.slug == draft.slug)
    last = session.scalar(select(func.max(Submission.attempt)).where(mine))
    turn = session.scalar(select(func.max(Submission.started_at)).where(Submission.user_id == draft.user_id))
    return Submission(
        user_id=draft.user_id,
        slug=draft.slug,
        attempt=rules.next_attempt(last),
        form_key=draft.form_key,
        file_name=draft.file_name,
        blob=blob,
        size=len(draft.content),
        created_at=now,
        last_turn=turn.timestamp() if turn else 0.0,
        assignment_id=offer.counts_for,
        is_provisional=not terms.runs_hidden(offer.terms, now),
        credit=terms.credit(offer.terms, now, offer.late_days),
    )


def _same_click(session: Session, draft: Draft) -> Submission | None:
    same = (Submission.user_id == draft.user_id) & (Submission.form_key == draft.form_key)
    return session.scalar(select(Submission).where(same))


def _count_waiting(session: Session, user_id: int) -> int:
    waiting = (Submission.user_id == user_id) & Submission.state.in_([State.RECEIVED, State.RUNNING])
    return session.scalar(select(func.count()).select_from(Submission).where(waiting)) or 0
