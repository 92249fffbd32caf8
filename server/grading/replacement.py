"""Puts gradings in the place of what their submissions had, which is kept with its report as a past one.

All of it happens within the database: reports are long, and a regrade may replace thousands of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, insert, literal, select, update
from sqlalchemy.orm import Session

from grader.report import Owner
from server.models import Grading, GradingKind, Regrade, State, Submission, UtcDateTime

#: what comes out of a grading
OUTCOME = (
    "state", "seed", "exercise_version", "score", "max_score", "public_score", "public_max_score", "owner", "report",
    "fault", "awaits_gpu_since",
)  # fmt: skip
#: what is kept of the one that is replaced
KEPT = (*OUTCOME, "tries", "started_at", "finished_at")

#: what becomes of a row that is to be graded again
AFRESH: dict[str, Any] = {
    "state": State.RECEIVED,
    "lease_token": None,
    "lease_expires_at": None,
    "wait_until": None,
    "tries": 0,
    "owner": None,
    "fault": None,
    "on_gpu": False,
    "awaits_gpu_since": None,
}

_BATCH = 500


def replace(session: Session, gradings: Sequence[str], now: datetime) -> None:
    """Put these gradings in the place of what their submissions have now."""
    for ids in batches(gradings):
        rows = session.execute(select(Grading.submission_id, Grading.regrade_id).where(Grading.id.in_(ids)))
        _keep(session, [(submission, regrade) for submission, regrade in rows], now)
        _copy(session, ids)
        taken = update(Grading).where(Grading.id.in_(ids)).values(replaced_at=now)
        session.execute(taken.execution_options(synchronize_session=False))
        # What a new report lacks was not waited for until now.
        theirs = Submission.id.in_(select(Grading.submission_id).where(Grading.id.in_(ids)))
        since = update(Submission).where(theirs, Submission.awaits_gpu_since.is_not(None)).values(awaits_gpu_since=now)
        session.execute(since.execution_options(synchronize_session=False))
    # Whatever the session has read of them is out of date.
    session.expire_all()


def _keep(session: Session, pairs: Sequence[tuple[str, int | None]], now: datetime) -> None:
    source = select(
        bindparam("new_id"),
        literal(GradingKind.PAST.value),
        bindparam("regrade"),
        bindparam("moment", type_=UtcDateTime),
        bindparam("moment", type_=UtcDateTime),
        Submission.id,
        *(getattr(Submission, name) for name in KEPT),
    ).where(Submission.id == bindparam("of"))
    columns = ["id", "kind", "regrade_id", "created_at", "replaced_at", "submission_id", *KEPT]
    values = [
        {"new_id": secrets.token_urlsafe(16), "regrade": regrade, "moment": now, "of": submission}
        for submission, regrade in pairs
    ]
    session.connection().execute(insert(cast(Table, Grading.__table__)).from_select(columns, source), values)


def _copy(session: Session, ids: Sequence[str]) -> None:
    ours = Submission.owner.in_([Owner.EXERCISE, Owner.INFRASTRUCTURE])
    replaced = select(Grading.submission_id).where(Grading.id.in_(ids))
    free = update(Submission).where(Submission.id.in_(replaced), ours).values(is_free=True)
    session.execute(free.execution_options(synchronize_session=False))
    # Not the moments: a student's turn in the line and the estimates follow from when the submission itself was graded.
    values = {name: getattr(Grading, name) for name in OUTCOME}
    change = update(Submission).where(Submission.id == Grading.submission_id, Grading.id.in_(ids)).values(values)
    session.execute(change.execution_options(synchronize_session=False))


def make_final(session: Session, grading: str, submission: str, now: datetime) -> None:
    """Let the grading with the hidden tests take the place of the one without; once is enough."""
    waits = select(Submission.is_provisional).where(Submission.id == submission)
    if not session.scalar(waits):
        return
    replace(session, [grading], now)
    session.execute(update(Submission).where(Submission.id == submission).values(is_provisional=False))
    # A regrade that is not published yet was made without the hidden tests, too: it cannot be compared any more.
    is_open = Regrade.published_at.is_(None) & Regrade.cancelled_at.is_(None)
    shadows = (
        (Grading.submission_id == submission)
        & (Grading.kind == GradingKind.SHADOW)
        & Grading.regrade_id.in_(select(Regrade.id).where(is_open))
    )
    session.execute(update(Grading).where(shadows).values(AFRESH).execution_options(synchronize_session=False))


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut up what would be too much for one statement."""
    for start in range(0, len(ids), _BATCH):
        yield ids[start : start + _BATCH]
