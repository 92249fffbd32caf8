"""What waits and was not sent for, and what workers leave to others."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from grader.exercise import Catalogue
from server.context import now
from server.grading import abilities, outbox, queue
from server.grading.abilities import Abilities
from server.grading.heartbeat import Heartbeat
from server.models import Submission, Worker

LEASE = timedelta(minutes=1)


def take(portal, most=10, before=None, queue_name="cpu"):
    with portal.database.write() as session:
        return [entry.id for entry in outbox.take(session, queue_name, now(), most, before)]


def count_sent(portal, before):
    with portal.database.reader() as session:
        return outbox.count_sent(session, "cpu", now(), before)


def has_unsent(portal):
    with portal.database.reader() as session:
        return outbox.has_unsent(session, "cpu", now())


def claim(portal, without=()):
    with portal.database.write() as session:
        return queue.claim(session, now(), LEASE, without)


def test_each_row_is_taken_once_in_order_and_not_more_than_asked_for(student, portal):
    for _ in range(3):
        student.hand_in()
    with portal.database.reader() as session:
        ids = session.scalars(select(Submission.id).order_by(Submission.created_at)).all()
    assert take(portal, 2) == ids[:2]
    assert has_unsent(portal)
    assert take(portal) == ids[2:]
    assert not has_unsent(portal)
    assert take(portal) == []
    assert take(portal, queue_name="gpu") == []
    assert count_sent(portal, now()) == 3
    assert count_sent(portal, now() - LEASE) == 0
    assert take(portal, 2, now()) == ids[:2], "what the broker has lost, those sent longest ago first"


def test_what_could_not_be_sent_is_put_back_unless_it_was_claimed_meanwhile(student, portal):
    student.hand_in()
    student.hand_in()
    with portal.database.write() as session:
        entries = outbox.take(session, "cpu", now(), 10)
    lease = claim(portal)
    with portal.database.write() as session:
        outbox.put_back(session, entries)
    assert take(portal) == [entry.id for entry in entries if entry.id != lease.id]


def test_what_returns_to_the_line_is_sent_anew(student, portal):
    student.hand_in()
    (id,) = take(portal)
    lease = claim(portal)
    assert not has_unsent(portal), "nobody needs to be told of what is being graded"
    with portal.database.write() as session:
        queue.give_back(session, lease)
    assert take(portal) == [id]


def test_what_is_not_due_is_not_sent_for(student, portal):
    student.hand_in()
    with portal.database.write() as session:
        session.execute(update(Submission).values(wait_until=now() + LEASE))
    assert not has_unsent(portal)
    assert take(portal) == []


def announce(portal, *, exercises, queues=("cpu",), ago=timedelta(0), jobs=1):
    beat = Heartbeat(jobs, able=Abilities(exercises=exercises), queues=queues)
    with portal.database.write() as session:
        beat.beat(session, 0, now() - ago)
    return beat


def left(portal, mine, me):
    with portal.database.reader() as session:
        return abilities.left_to_others(session, mine, me, now(), LEASE)


def test_a_worker_leaves_to_others_what_only_they_can_grade(student, portal):
    mine = Abilities(exercises=("backprop",))
    me = announce(portal, exercises=mine.exercises)
    student.hand_in()
    with portal.database.reader() as session:
        slug = session.scalar(select(Submission.slug))
    assert left(portal, mine, me.id) == set(), "where nobody can, it is graded all the same"
    announce(portal, exercises=(slug,), queues=("gpu",))
    announce(portal, exercises=(slug,), ago=3 * LEASE)
    assert left(portal, mine, me.id) == set(), "one for GPUs alone and one that was not heard of are no help"
    announce(portal, exercises=(slug, "backprop"))
    assert left(portal, mine, me.id) == {slug}
    assert claim(portal, left(portal, mine, me.id)) is None
    assert claim(portal, {"backprop"}).slug == slug


def test_the_gradings_that_workers_do_at_a_time_are_those_on_processors_of_who_is_there(portal):
    announce(portal, exercises=(), jobs=4)
    announce(portal, exercises=(), jobs=2, queues=("cpu", "gpu"))
    announce(portal, exercises=(), jobs=8, queues=("gpu",))
    announce(portal, exercises=(), jobs=16, ago=3 * LEASE)
    with portal.database.write() as session:
        assert abilities.count_jobs(session, now(), LEASE) == 6
        session.add(Worker(id="old", detail={"jobs": 1}, started_at=now(), seen_at=now()))
        session.flush()
        assert abilities.count_jobs(session, now(), LEASE) == 7, "one of the version before tells less"


@pytest.mark.parametrize(("dataset", "is_complete"), [("digits", True), ("mnist", False), ("glyphs", True)])
def test_what_a_host_can_grade_depends_on_its_data_sets(tmp_path, dataset, is_complete):
    folder = tmp_path / "exercises" / "learner"
    folder.mkdir(parents=True)
    table = "[training.cpu]\nbudget_s = 30\nladder = [[0.9, 2]]\n"
    (folder / "exercise.toml").write_text(f'module = "m"\n[training]\ndataset = "{dataset}"\n{table}')
    (tmp_path / "exercises" / "broken").mkdir()
    (tmp_path / "exercises" / "broken" / "exercise.toml").write_text("points = ")
    found = abilities.find_abilities(Catalogue(tmp_path / "exercises", None), tmp_path, ["seccomp"])
    assert found == Abilities(("learner",) if is_complete else (), ("digits",), ("seccomp",))
