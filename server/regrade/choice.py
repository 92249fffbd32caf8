"""Which submissions of an assignment a regrade takes."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.orm import Session

from grader.report import Verdict
from server.i18n import mark
from server.models import Assignment, Membership, Result, State, Submission, User


class Which(StrEnum):
    """How submissions are chosen."""

    ALL = "all"
    COUNTING = "counting"
    STUDENTS = "students"
    VERSION = "version"
    FAULT = "fault"


TEXTS = {
    Which.ALL: mark("All submissions"),
    Which.COUNTING: mark("Only the submission of each student that counts"),
    Which.STUDENTS: mark("All submissions of certain students"),
    Which.VERSION: mark("Those that were graded with another version of the exercise"),
    Which.FAULT: mark("Those that could not be graded, or in which a test failed through a fault of ours"),
}


@dataclass(frozen=True)
class Chosen:
    """A submission that is to be graded again."""

    id: str
    #: of its last grading; None: it has none
    seed: str | None


def choose(
    session: Session, assignment: Assignment, which: Which, version: str, users: Collection[int] = ()
) -> list[Chosen]:
    """Find them. ``version``: the exercise's as it is now; ``users``: the certain students."""
    done = Submission.state.in_([State.GRADED, State.FAILED])
    found = select(Submission.id, Submission.seed).where(Submission.assignment_id == assignment.id, done)
    if which is Which.COUNTING:
        found = found.join(Result, Result.submission_id == Submission.id).where(Result.assignment_id == assignment.id)
    elif which is not Which.ALL:
        found = found.where(_condition(which, version, users))
    return [Chosen(id, seed) for id, seed in session.execute(found.order_by(Submission.created_at, Submission.id))]


def _condition(which: Which, version: str, users: Collection[int]) -> ColumnElement[bool]:
    if which is Which.STUDENTS:
        return Submission.user_id.in_(users)
    if which is Which.VERSION:
        return Submission.exercise_version != version
    # Within a report's texts every quotation mark is escaped, so that no student's output looks like this.
    verdict = f'%"verdict": "{Verdict.GRADER_ERROR}"%'
    return or_(Submission.state == State.FAILED, cast(Submission.report, Text).like(verdict))


def find_students(session: Session, course_id: int, text: str) -> tuple[dict[str, int], list[str]]:
    """Find members of a course by user name or number, as they were typed; and what is neither."""
    typed = list(dict.fromkeys(re.split(r"[\s,;]+", text.strip().lower()))) if text.strip() else []
    found = session.execute(
        select(User.id, User.login, Membership.number)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.course_id == course_id)
    ).all()
    ids = {number.lower(): id for id, _, number in found if number} | {login: id for id, login, _ in found}
    return {each: ids[each] for each in typed if each in ids}, [each for each in typed if each not in ids]
