"""The database restarts, connections are cut, and commits are lost with nobody knowing whether they were done."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, make_url

from server.models import State
from tests.faults.bench import add_journal
from tests.faults.proxy import Commits, Proxy
from tests.faults.servers import cut_connections
from tests.server.databases import migrate


@pytest.fixture
def own(cluster):
    """An empty database in a cluster of our own."""
    cluster.empty()
    migrate(cluster.url)
    add_journal(cluster.url)
    return cluster


@pytest.fixture
def way(database):
    """A way to the database that loses commits; and the address that it has by it."""
    address = make_url(database)
    proxy = Proxy(address.port or 5432)
    by_proxy = address.set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
    yield Commits(proxy), by_proxy.render_as_string(hide_password=False)
    proxy.close()


def test_a_database_that_crashes_and_is_away_for_a_while_costs_nothing(make_bench, own):
    bench = make_bench(own.url)
    bench.hand_in(6)
    workers = [bench.worker(seconds=2.0) for _ in range(2)]
    bench.until(lambda: bench.states()[State.RUNNING] == 2, "two are graded")
    own.stop()
    refused = bench.browser.get("/")
    assert refused.status_code == 503
    assert "What was confirmed as received is safe" in refused.text
    bench.until(lambda: all("could not be recorded, trying again" in each.said for each in workers), "they wait")
    own.start()
    bench.until(lambda: bench.try_to_hand_in(key="one click").status_code == 302, "it takes submissions again")
    bench.try_to_hand_in(key="one click")
    bench.until_graded()
    assert [row.tries for row in bench.check()] == [1] * 7, "what was graded meanwhile was recorded afterwards"


def test_connections_that_are_cut_again_and_again_cost_nothing(make_bench, database):
    bench = make_bench(database)
    bench.hand_in(10)
    for _ in range(2):
        bench.worker(seconds=0.3, lease=20.0)
    for count in range(1, 9, 2):
        bench.until(lambda wanted=count: graded(database) >= wanted, "it goes on")
        cut_connections(database)
    bench.until(lambda: graded(database) == 10, "all are graded")
    bench.until(lambda: bench.browser.get("/").status_code == 200, "the portal has new connections")
    rows = bench.check()
    # A claim that is cut off before anybody learns of it is graded by whoever comes after its lease.
    assert max(row.tries for row in rows) <= 2


def graded(address):
    """How many are graded, by a connection of its own."""
    engine = create_engine(address)
    try:
        with engine.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM submission WHERE state = 'graded'")
            return count.scalar_one()
    finally:
        engine.dispose()


@pytest.mark.parametrize("is_done_first", [False, True])
def test_a_submission_whose_commit_is_lost_is_there_once_when_the_form_is_sent_again(
    make_bench, database, way, is_done_first
):
    commits, address = way
    bench = make_bench(address)
    bench.hand_in()
    commits.lose(1, after=b"INSERT INTO submission ", is_done_first=is_done_first)
    answer = bench.try_to_hand_in(key="one click")
    assert (answer.status_code, commits.lost) == (503, 1)
    assert "could not be saved, so it was not received" in answer.text
    again = bench.try_to_hand_in(key="one click")
    assert again.status_code == 302
    bench.worker(database=database)
    bench.until_graded()
    assert [row.attempt for row in bench.check()] == [1, 2]


@pytest.mark.parametrize("is_done_first", [False, True])
def test_a_result_whose_commit_is_lost_is_recorded_once(make_bench, database, way, is_done_first):
    commits, address = way
    bench = make_bench(database)
    bench.hand_in(3)
    commits.lose(2, after=b'"verdict"', is_done_first=is_done_first)
    bench.worker(database=address)
    bench.until_graded()
    rows = bench.check()
    assert commits.lost == 2
    assert [row.tries for row in rows] == [1] * 3
