"""What the demo's course has released, taken in and given back with nbgrader: one notebook with a question in words."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from server.demo.plan import DAY, HOUR
from server.models import (
    Course,
    ExchangeAssignment,
    ExchangeFeedback,
    ExchangeRelease,
    ExchangeSubmission,
    User,
)
from server.store import Store

NAME, NOTEBOOK, PAGE = "reading-1", "reading-1.ipynb", "reading-1.html"
QUESTION = "# Reading 1\n\nWhy do deep networks of sigmoids learn slowly? Three sentences."
#: students who hand in, and those of them whose work is given back
HANDED_IN, GIVEN_BACK = 12, 7


def hand_out(session: Session, store: Store, course: Course, by: User, students: Sequence[User], now: datetime) -> None:
    """Release two versions of an assignment, hand in for it, and release feedback."""
    assignment = ExchangeAssignment(course_id=course.id, name=NAME, created_at=now - 9 * DAY)
    session.add(assignment)
    session.flush()
    replaced = now - 8 * DAY
    drafts = ((QUESTION.replace("Three sentences.", ""), now - 9 * DAY, replaced), (QUESTION, replaced, None))
    for version, (question, at, ended_at) in enumerate(drafts, 1):
        packed = _pack(NOTEBOOK, _notebook(question))
        session.add(
            ExchangeRelease(
                assignment_id=assignment.id, version=version, key=f"demo-{version}", blob=store.put(packed),
                size=len(packed), notebooks=[NOTEBOOK], by_id=by.id, created_at=at, ended_at=ended_at,
            )
        )  # fmt: skip
    for number, student in enumerate(students[:HANDED_IN]):
        # The first one thinks again: of each student the last submission is collected.
        for attempt in range(2 if number == 0 else 1):
            at = now - 5 * DAY + (3 * number + attempt) * HOUR
            made = _hand_in(session, store, assignment, student, f"{number}-{attempt}", at)
        if number < GIVEN_BACK:
            _give_back(session, store, made, by, now - DAY)


def _hand_in(
    session: Session, store: Store, assignment: ExchangeAssignment, student: User, key: str, at: datetime
) -> ExchangeSubmission:
    answer = f"The derivative of a sigmoid is at most 1/4, so that gradients vanish. {student.name}"
    packed = _pack(NOTEBOOK, _notebook(QUESTION, answer))
    made = ExchangeSubmission(
        assignment_id=assignment.id, user_id=student.id, version=2, key=f"demo-{key}", blob=store.put(packed),
        size=len(packed), notebooks=[NOTEBOOK], created_at=at,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _give_back(session: Session, store: Store, submission: ExchangeSubmission, by: User, at: datetime) -> None:
    page = b"<!doctype html><title>Reading 1</title><p>Good: say which layers suffer most.</p>"
    packed = _pack(PAGE, page)
    session.add(
        ExchangeFeedback(
            submission_id=submission.id, blob=store.put(packed), size=len(packed),
            files={PAGE: hashlib.sha256(page).hexdigest()}, by_id=by.id, released_at=at,
        )
    )  # fmt: skip


def _notebook(*texts: str) -> bytes:
    cells = [
        {"cell_type": "markdown", "id": f"text-{n}", "metadata": {}, "source": text} for n, text in enumerate(texts)
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _pack(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
