"""Workers that die in the middle, that freeze, that have the wrong time, and what kills whoever grades it."""

from __future__ import annotations

import signal

from server.models import Role, State, User
from tests.faults.programs import PHASES, POISON, RECORDING
from tests.server.conftest import Browser

SHORT = 1.5


def test_a_worker_killed_in_any_phase_costs_nothing(make_bench, database, queues, rabbitmq):
    bench = make_bench(database, rabbitmq)
    bench.scheduler(lease=SHORT)
    bench.hand_in(12)
    doomed = [bench.worker(dies=phase, lease=SHORT) for phase in PHASES]
    for each in doomed:
        each.wait(-9)
    bench.worker()
    bench.until_graded()
    # One of the four was recorded. On a busy machine others may have lost their leases, too.
    assert sum(row.tries - 1 for row in bench.check()) >= 3


def test_a_worker_that_freezes_while_it_records_does_not_keep_others_from_writing(make_bench, database):
    bench = make_bench(database)
    bench.hand_in()
    frozen = bench.worker(freezes=RECORDING, lease=SHORT)
    bench.until(lambda: stands_still(frozen), "it is frozen")
    # It holds the turn of whoever writes, and its connection looks well.
    bench.until(lambda: take_in(bench), "somebody can hand in")
    bench.worker(lease=SHORT)
    bench.until_graded()
    frozen.signal(signal.SIGCONT)
    bench.until(lambda: "trying again" in frozen.said or "is not recorded" in frozen.said, "it learns of it")
    bench.check()


def stands_still(running):
    with open(f"/proc/{running.process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def take_in(bench):
    answer = bench.try_to_hand_in()
    assert answer.status_code in (302, 503)
    assert answer.status_code == 302 or "could not be saved" in answer.text
    return answer.status_code == 302


def test_clocks_that_are_wrong_by_an_hour_neither_take_nor_lose_leases(make_bench, database):
    bench = make_bench(database)
    bench.hand_in(6)
    bench.worker(seconds=3.0)
    bench.worker(clock=-3600.0, seconds=3.0)
    bench.until(lambda: bench.states()[State.RUNNING] == 2, "two are graded")
    # At its start a worker without a scheduler takes back what the dead have left.
    bench.worker(clock=3600.0)
    bench.until_graded()
    assert [row.tries for row in bench.check()] == [1] * 6


def test_what_kills_its_worker_every_time_is_given_up_and_its_neighbours_are_not(
    make_bench, database, queues, rabbitmq
):
    bench = make_bench(database, rabbitmq)
    bench.scheduler(lease=SHORT)
    bench.hand_in()
    (poison,) = bench.hand_in(content=POISON)
    bench.hand_in(2)  # all of them are graded at once, each time
    workers = []

    def is_over():
        if not workers or not workers[-1].is_alive:
            workers.append(bench.worker(jobs=4, seconds=1.0, lease=4.0))
        return not {State.RECEIVED, State.RUNNING} & set(bench.states())

    bench.until(is_over, "all is over")
    rows = bench.check(failed=[poison])
    assert [(row.owner, row.tries) for row in rows if row.id == poison] == [("infrastructure", 3)]
    assert "costs you no attempt" in bench.see(poison, "failed")
    office = Browser(bench.app.test_client())
    office.sign_up("adm")
    with bench.database.write() as session:
        session.get(User, 2).role = Role.ADMINISTRATOR
    assert "The worker died 3 times while grading this." in office.read("/office/failures")


def test_a_worker_that_is_stopped_ends_what_it_grades_and_takes_no_more(make_bench, database, queues, rabbitmq):
    bench = make_bench(database, rabbitmq)
    bench.scheduler()
    bench.hand_in(6)
    worker = bench.worker(seconds=1.5, jobs=2, compare=60.0)
    bench.until(lambda: bench.states()[State.RUNNING] == 2, "it grades two")
    worker.signal(signal.SIGTERM)
    worker.wait(0)
    assert bench.states() == {State.GRADED: 2, State.RECEIVED: 4}
    # Nobody is there now: what waits, waits.
    id = next(row.id for row in bench.rows() if row.state is State.RECEIVED)
    assert bench.told(id)["state"] == "received"
    late = bench.worker(idle=2.0)
    bench.until_graded()
    late.wait(0)
    assert [row.tries for row in bench.check()] == [1] * 6
