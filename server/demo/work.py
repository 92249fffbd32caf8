"""What the demo's students hand in: solutions of the exercises' own trees, right and wrong ones.

They say that they came in weeks ago. Until they are graded they stand in the line since the portal's start, which is
the truth; then they are dated back to a moment after they were handed in (``date_back``).
"""

from __future__ import annotations

import ast
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.exercise import Exercise
from server.demo.plan import CODE, HOUR, PLAN
from server.models import Assignment, State, Submission, User
from server.store import Store

#: seconds that a grading waits before it is begun, as the demo tells it
SHORTEST, LONGEST = 1.0, 15.0


class Sources:
    """What students hand in for one exercise."""

    def __init__(self, exercise: Exercise) -> None:
        reference = [exercise.reference] if exercise.reference else []
        self.right = [_read(path) for path in [*reference, *exercise.right()]]
        self.wrong = [_read(path) for path in exercise.wrong()] or self.right

    def attempts(self, skill: float, most: int, chance: random.Random) -> Iterator[str]:
        """From the first try to the one that the student is content with."""
        if chance.random() > skill + 0.5:
            yield self.wrong[0] + "\nprint(result\n"
        for _number in range(most - 1):
            if chance.random() < skill:
                break
            yield chance.choice(self.wrong)
        yield chance.choice(self.right if chance.random() < 0.35 + skill / 1.6 else self.wrong)


def _in_another_dress(source: str) -> str:
    """Without comments and in another layout."""
    try:
        return ast.unparse(ast.parse(source))
    except SyntaxError:
        return source


def _read(path: Path) -> str:
    """Without the line that names the tests which catch a mistake: no student writes it."""
    source = path.read_text(encoding="utf-8")
    return source.partition("\n")[2] if source.startswith("# caught by:") else source


def hand_in(
    session: Session,
    store: Store,
    student: User,
    assignment: Assignment,
    sources: Sources,
    chance: random.Random,
    now: datetime,
) -> None:
    """All attempts of one student, more of them the nearer the due date is."""
    _due, share, most = PLAN[assignment.slug]
    if not sources.right or chance.random() * 100 > share:
        return
    opens, due = assignment.opens_at or now, assignment.due_at or now
    is_late = chance.random() < 0.12
    at = due + chance.random() * 40 * HOUR if is_late else opens + (min(due, now) - opens) * chance.random() ** 0.3
    skill = random.Random(student.login).random()
    for number, source in enumerate(sources.attempts(skill, most, chance), 1):
        if at >= now:
            return
        # A comment of their own; one in ten hands in somebody's code in another dress.
        text = _in_another_dress(source) if chance.random() < 0.1 else f"# {student.name}\n{source}"
        content = text.encode()
        session.add(
            Submission(
                user_id=student.id,
                slug=assignment.slug,
                assignment_id=assignment.id,
                attempt=number,
                form_key=f"{CODE}-{assignment.slug}-{number}",
                file_name=f"{assignment.slug}.py",
                blob=store.put(content),
                size=len(content),
                created_at=at,
                wait_until=now,
            )
        )
        at += chance.random() * 5 * HOUR


def date_back(session: Session, id: str) -> None:
    """Date the gradings of a submission's student back, once the last of theirs is done; others' are left alone."""
    done = session.get_one(Submission, id)
    # Nobody can log in and hand in with this key and without a password: it is one of ours.
    ours = Submission.form_key.startswith(f"{CODE}-") & (User.password_hash.is_(None))
    theirs = select(Submission).join(User, User.id == Submission.user_id).where(User.id == done.user_id, ours)
    found = session.scalars(theirs.where(Submission.wait_until.is_not(None))).all()
    # Not before: the line gives everybody their turn by when their last grading was begun.
    if any(each.is_open for each in found):
        return
    for each in found:
        _date_back(each)


def _date_back(submission: Submission) -> None:
    """As if the portal had been there when it was handed in."""
    submission.wait_until = None
    if submission.state is State.GRADED and submission.started_at and submission.finished_at:
        took = submission.finished_at - submission.started_at
        waited = random.Random(submission.blob).uniform(SHORTEST, LONGEST)
        submission.started_at = submission.created_at + timedelta(seconds=waited)
        submission.finished_at = submission.started_at + took
