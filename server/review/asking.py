"""Students ask for another look at a submission's grading, and staff answers. Knows the database, not Flask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.i18n import mark
from server.models import Assignment, Course, Membership, RegradeRequest, RequestState, Role, Submission

#: characters of a request, and of its answer
MAX_TEXT = 2000
#: requests about one submission, one after the other
MAX_REQUESTS = 5

STATES = {
    RequestState.OPEN: mark("waits for an answer"),
    RequestState.GRANTED: mark("granted"),
    RequestState.DECLINED: mark("declined"),
}


class Refusal(StrEnum):
    """Why a request or an answer is not taken."""

    EMPTY = mark("Write what should be looked at again, and why.")
    TOO_LONG = mark("Write at most 2,000 characters.")
    IS_OPEN = mark("You have asked already. Wait for the answer first.")
    TOO_MANY = mark("You have asked five times about this submission. Please talk to your teachers.")
    NO_ANSWER = mark("Write an answer for the student.")
    #: somebody else was quicker
    ANSWERED = mark("This request was answered in the meantime.")


@dataclass(frozen=True)
class Asking:
    """A submission's requests, as its student sees them."""

    #: the oldest first
    requests: Sequence[RegradeRequest]
    #: whether another one can be made
    may_ask: bool


def clean(text: str) -> str:
    """A text as it was typed, without what no page shows, and with one kind of line's end."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in plain if sign in "\n\t" or (sign >= " " and sign != "\x7f")).strip()


def check_text(text: str) -> Refusal | None:
    """Say what is wrong with a request; None: nothing."""
    return Refusal.EMPTY if not text else Refusal.TOO_LONG if len(text) > MAX_TEXT else None


def check_answer(text: str) -> Refusal | None:
    """Say what is wrong with an answer; None: nothing."""
    return Refusal.NO_ANSWER if not text else Refusal.TOO_LONG if len(text) > MAX_TEXT else None


def read(session: Session, submission: Submission) -> Asking:
    """Read a submission's requests."""
    if submission.assignment_id is None:
        return Asking((), False)
    requests = requests_of(session, submission.id)
    return Asking(requests, may_be_asked(session, submission) and _check_number(requests) is None)


def requests_of(session: Session, submission_id: str) -> Sequence[RegradeRequest]:
    """All requests about a submission, the oldest first."""
    mine = select(RegradeRequest).where(RegradeRequest.submission_id == submission_id)
    return session.scalars(mine.order_by(RegradeRequest.id)).all()


def may_be_asked(session: Session, submission: Submission) -> bool:
    """Whether requests about a submission are taken at all: it is done, and its student takes part in the course."""
    if submission.assignment_id is None or submission.is_open:
        return False
    found = (
        select(Membership.id)
        .join(Assignment, Assignment.course_id == Membership.course_id)
        .join(Course, Course.id == Membership.course_id)
        .where(
            Assignment.id == submission.assignment_id,
            Membership.user_id == submission.user_id,
            Membership.role == Role.STUDENT,
            Course.archived_at.is_(None),
        )
    )
    return session.scalar(found) is not None


def ask(session: Session, submission_id: str, text: str, now: datetime) -> Refusal | None:
    """Make a request; say why not, or None: it is made."""
    # Two clicks at the same time wait for each other here.
    session.get_one(Submission, submission_id, with_for_update=True)
    if refusal := _check_number(requests_of(session, submission_id)):
        return refusal
    session.add(RegradeRequest(submission_id=submission_id, text=text, created_at=now))
    return None


def _check_number(requests: Sequence[RegradeRequest]) -> Refusal | None:
    if any(each.state is RequestState.OPEN for each in requests):
        return Refusal.IS_OPEN
    return Refusal.TOO_MANY if len(requests) >= MAX_REQUESTS else None


def answer(
    session: Session, submission_id: str, state: RequestState, text: str, by: int, now: datetime
) -> Refusal | None:
    """Answer the open request about a submission; say why not, or None: it is answered."""
    is_open = (RegradeRequest.submission_id == submission_id) & (RegradeRequest.state == RequestState.OPEN)
    found = session.scalars(select(RegradeRequest).where(is_open).with_for_update()).first()
    if found is None:
        return Refusal.ANSWERED
    found.state, found.answer, found.answered_by_id, found.answered_at = state, text, by, now
    return None
