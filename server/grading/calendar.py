"""When hidden tests that wait for the deadline are run: it orders the final gradings, each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, select
from sqlalchemy.orm import Session

from server.course.guards import find_practice
from server.course.terms import read_terms, runs_hidden
from server.models import Assignment, Extension, Grading, GradingKind, State, Submission


def whose(assignment: Assignment, extensions: Iterable[Extension], now: datetime) -> tuple[bool, set[int]]:
    """Whether an assignment's hidden tests may be run by now, and the students for whom it is the other way round."""
    usual = runs_hidden(read_terms(assignment), now)
    return usual, {each.user_id for each in extensions if runs_hidden(read_terms(assignment, each), now) != usual}


def order_finals(session: Session, now: datetime) -> int:
    """Order the final gradings whose time has come, and say how many there are."""
    return _order_in_courses(session, now) + _order_practice(session, now)


def _order_in_courses(session: Session, now: datetime) -> int:
    waiting = select(Submission.assignment_id).where(Submission.is_provisional).distinct()
    assignments = session.scalars(select(Assignment).where(Assignment.id.in_(waiting))).all()
    if not assignments:
        return 0
    extensions: defaultdict[int, list[Extension]] = defaultdict(list)
    theirs = Extension.assignment_id.in_([each.id for each in assignments])
    for extension in session.scalars(select(Extension).where(theirs)):
        extensions[extension.assignment_id].append(extension)
    count = 0
    for assignment in assignments:
        usual, others = whose(assignment, extensions[assignment.id], now)
        if usual or others:
            students = Submission.user_id.not_in(others) if usual else Submission.user_id.in_(others)
            count += _order(session, (Submission.assignment_id == assignment.id) & students, now)
    return count


def _order_practice(session: Session, now: datetime) -> int:
    """Where the assignment is gone, and for practice without terms or guards, there is nothing to wait for."""
    found = select(Submission.slug).where(Submission.is_provisional, Submission.assignment_id.is_(None)).distinct()
    slugs = set(session.scalars(found))
    if not slugs:
        return 0
    waiting = {slug for slug, its in find_practice(session, slugs).items() if not runs_hidden(its, now)}
    return _order(session, Submission.assignment_id.is_(None) & Submission.slug.in_(slugs - waiting), now)


def _order(session: Session, which: ColumnElement[bool], now: datetime) -> int:
    ordered = select(Grading.id).where(
        Grading.submission_id == Submission.id, Grading.kind == GradingKind.FINAL
    ).exists()  # fmt: skip
    found = session.execute(
        select(Submission.id, Submission.seed).where(
            Submission.is_provisional, Submission.state == State.GRADED, which, ~ordered
        )
    )
    rows = [make_row(submission, GradingKind.FINAL, seed, now) for submission, seed in found]
    if rows:
        session.execute(insert(Grading), rows)
    return len(rows)


def make_row(
    submission: str, kind: GradingKind, seed: str | None, now: datetime, regrade: int | None = None
) -> dict[str, Any]:
    """A grading that waits. It has the seed of what it is compared with, so that chance makes no difference."""
    values = {"submission_id": submission, "kind": kind, "seed": seed, "created_at": now, "regrade_id": regrade}
    return values | {"state": State.RECEIVED, "tries": 0}
