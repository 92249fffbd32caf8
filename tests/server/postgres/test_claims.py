"""Who takes from the line waits for no other writer, and makes none wait."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from server.context import now
from server.grading import queue
from server.models import State, Submission

LONG = timedelta(minutes=1)


@pytest.fixture
def impatient(monkeypatch):
    """Whoever would wait for another fails soon."""
    monkeypatch.setattr("server.db.BUSY_TIMEOUT_MS", 500)


@pytest.mark.usefixtures("impatient")
def test_what_is_free_is_taken_while_somebody_writes(student, other, portal):
    student.hand_in()
    student.hand_in()
    other.hand_in()
    with portal.database.reader() as session:
        rows = session.execute(select(Submission.user_id, Submission.attempt, Submission.id)).all()
        ids = {(user, attempt): id for user, attempt, id in rows}
    with portal.database.write() as writer:
        writer.execute(update(Submission).where(Submission.id == ids[1, 2]).values(sent_at=now()))
        with portal.database.take() as session:
            lease = queue.claim(session, now(), LONG)
        # The writer goes on to what has been taken meanwhile: neither waits for the other.
        writer.execute(update(Submission).where(Submission.id == ids[1, 1]).values(sent_at=now()))
    assert lease.submission == ids[1, 1]

    with portal.database.write() as writer:
        writer.execute(update(Submission).where(Submission.id == ids[2, 1]).values(sent_at=now()))
        with portal.database.take() as session:
            assert queue.claim(session, now(), LONG).submission == ids[1, 2]
    with portal.database.take() as session:
        assert queue.claim(session, now(), LONG).submission == ids[2, 1]
    with portal.database.reader() as session:
        assert set(session.scalars(select(Submission.state))) == {State.RUNNING}
