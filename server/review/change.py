"""What a review is changed by: saved, published or taken back, remarks, the answer to the student. Knows no Flask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from server.course import results
from server.i18n import mark
from server.models import RequestState, Submission
from server.office import log
from server.office.log import Action
from server.review import asking, record
from server.review.record import Record

SAVED, PUBLISHED, TAKEN_BACK = "save", "publish", "take_back"
REMARK, REMOVE, GRANT, DECLINE = "remark", "remove", "grant", "decline"
ACTIONS = (SAVED, PUBLISHED, TAKEN_BACK, REMARK, REMOVE, GRANT, DECLINE)

MEANWHILE = mark(
    "Somebody else saved this review while you were writing. Nothing of yours is lost, and nothing is saved yet: "
    "saving again puts what stands below in the place of what they wrote."
)


class Problems(Exception):
    """Something is not right; nothing was written."""

    def __init__(self, **problems: str) -> None:
        super().__init__(problems)
        self.problems = problems


@dataclass(frozen=True)
class Change:
    """What is to be changed."""

    action: str
    #: of the review that its reader saw; None: whatever is there
    version: str | None
    comment: str
    items: frozenset[int]
    #: which remark is to go
    remark: int = 0
    #: of a new remark: file and line, and what it says
    spot: tuple[str, int] | None = None
    text: str = ""
    #: to the student
    answer: str = ""


@dataclass(frozen=True)
class By:
    """Who changes it, when, in which course."""

    course_id: int
    user_id: int
    at: datetime


def check(typed: Change) -> None:
    """Raises Problems, by field."""
    problems = {}
    if len(typed.comment) > record.MAX_COMMENT:
        problems["comment"] = record.TOO_LONG
    if typed.action == REMARK and not typed.text:
        problems["text"] = record.NO_TEXT
    if len(typed.text) > record.MAX_COMMENT:
        problems["text"] = record.TOO_LONG
    if typed.action in (GRANT, DECLINE) and (refusal := asking.check_answer(typed.answer)):
        problems["answer"] = refusal
    if problems:
        raise Problems(**problems)


def write(session: Session, submission: Submission, typed: Change, by: By) -> None:
    """Write all of it, in one transaction; or nothing: raises Problems."""
    before = record.read(session, submission)
    if typed.version is not None and before.version != typed.version:
        raise Problems(version=MEANWHILE)
    # Now: the record follows the row that is changed below.
    was = _state(before)
    review = record.save(session, submission, by.user_id, by.at, typed.comment, typed.items)
    if typed.spot is not None:
        if len(before.remarks) >= record.MAX_REMARKS:
            raise Problems(text=record.TOO_MANY)
        record.add_remark(session, submission, by.user_id, by.at, *typed.spot, typed.text)
    elif typed.action == REMOVE:
        # Somebody else has taken it away already: that is what was wanted.
        record.remove_remark(session, submission, typed.remark)
    elif typed.action == PUBLISHED:
        review.published_at = review.published_at or by.at
    elif typed.action == TAKEN_BACK:
        review.published_at = None
    elif typed.action in (GRANT, DECLINE):
        _answer(session, submission, typed, by)
    session.flush()
    is_now = _state(record.read(session, submission))
    _note(session, submission, was, is_now, by)
    if was["published"] or is_now["published"]:
        results.settle(session, by.course_id, by.at, users=[submission.user_id])


def _answer(session: Session, submission: Submission, typed: Change, by: By) -> None:
    state = RequestState.GRANTED if typed.action == GRANT else RequestState.DECLINED
    if refusal := asking.answer(session, submission.id, state, typed.answer, by.user_id, by.at):
        raise Problems(answer=refusal)
    _log(session, Action.REQUEST_ANSWERED, submission, by, answer=state.value, text=typed.answer)


def _note(session: Session, submission: Submission, was: dict[str, Any], is_now: dict[str, Any], by: By) -> None:
    """Write down what has changed."""
    if was["published"] and not is_now["published"]:
        _log(session, Action.REVIEW_TAKEN_BACK, submission, by, before=was)
    elif was != is_now:
        action = Action.REVIEW_PUBLISHED if is_now["published"] else Action.REVIEW_CHANGED
        _log(session, action, submission, by, before=was, after=is_now)


def _state(its: Record) -> dict[str, Any]:
    """A review as plain values."""
    return {
        "points": its.points,
        "rubric": [item.title for item in its.applied],
        "comment": its.comment[:200],
        "remarks": len(its.remarks),
        "published": its.is_published,
    }


def _log(session: Session, action: Action, submission: Submission, by: By, **detail: Any) -> None:
    log.write(
        session, action, by.user_id, by.at, course_id=by.course_id, user_id=submission.user_id,
        subject=f"{submission.slug} {submission.attempt}", **detail,
    )  # fmt: skip
