"""Brokers that are away, that forget, and messages that nobody should have sent."""

from __future__ import annotations

import pickle
import random
import secrets
import signal
import time
from pathlib import Path

import pytest
from kombu import Connection

from server.grading.broker import TASK
from tests.faults.bench import Queues
from tests.faults.proxy import Proxy

#: seconds after which a worker would look by itself: not in these tests
NEVER = 100_000.0


class Breakable:
    """A broker that a test may stop and empty."""

    def __init__(self, url, queues, stop, start, lose):
        self.url, self.queues, self.stop, self.start, self.lose = url, queues, stop, start, lose


@pytest.fixture
def away_rabbitmq(rabbitmq, queues):
    """The shared RabbitMQ by a way of our own: it is stopped by cutting that."""
    with Connection(rabbitmq) as connection:
        host, port = connection.hostname, connection.port
    assert host == "127.0.0.1"
    proxy = Proxy(port)
    url = rabbitmq.replace(f":{port}/", f":{proxy.port}/")
    yield Breakable(url, queues, proxy.close, proxy.open, queues.purge)
    proxy.close()


@pytest.fixture
def away_redis(redis, prefix):
    def lose():
        with Connection(redis.url) as connection:
            connection.default_channel.client.flushall()

    return Breakable(redis.url, Queues(redis.url, prefix), redis.stop, redis.start, lose)


@pytest.fixture(params=["rabbitmq", "redis"])
def broker(request):
    return request.getfixturevalue(f"away_{request.param}")


def test_grading_goes_on_while_the_broker_is_away_and_messages_come_again_when_it_is_back(make_bench, database, broker):
    broker.stop()
    bench = make_bench(database, broker.url)
    scheduler = bench.scheduler()
    worker = bench.worker(seldom=NEVER)
    bench.hand_in(3)
    bench.until_graded()
    assert scheduler.said.count("the broker does not answer") <= 1

    broker.start()
    bench.until(lambda: "the broker is there again" in scheduler.said, "the scheduler is back")
    bench.hand_in(3)
    bench.until_graded()

    worker.signal(signal.SIGSTOP)
    bench.hand_in(3)
    bench.until(lambda: broker.queues.count() >= 2, "messages wait")
    broker.stop()
    worker.signal(signal.SIGCONT)
    bench.hand_in(3)
    bench.until_graded()
    broker.start()
    bench.until(lambda: scheduler.said.count("the broker is there again") >= 2, "the scheduler is back")
    bench.hand_in(3)
    bench.until_graded()
    bench.until(lambda: broker.queues.count() == 0, "nothing is left over")
    assert [row.tries for row in bench.check()] == [1] * 15


def test_messages_that_the_broker_lost_are_sent_again(make_bench, database, broker):
    bench = make_bench(database, broker.url)
    scheduler = bench.scheduler()
    bench.hand_in(6)
    bench.until(lambda: broker.queues.count() == 6, "all have messages")
    broker.lose()
    bench.until(lambda: broker.queues.count() == 6, "all have messages again")
    assert "messages of queue cpu are sent again" in scheduler.said
    bench.worker(seldom=NEVER)
    bench.until_graded()
    bench.check()


def test_queues_that_are_deleted_under_a_worker_are_made_again(make_bench, database, queues, rabbitmq):
    bench = make_bench(database, rabbitmq)
    bench.scheduler()
    worker = bench.worker(seldom=NEVER)
    bench.hand_in(2)
    bench.until_graded()
    bench.until(lambda: queues.consumers() == 1, "it listens")
    queues.delete()
    bench.hand_in(4)
    bench.until_graded()
    bench.until(lambda: queues.consumers() == 1, "it listens again")
    bench.check()
    assert worker.is_alive


def message(id, **changes):
    number = secrets.token_hex(8)
    headers = {"lang": "py", "task": TASK, "id": number, "root_id": number, "parent_id": None, "group": None, **changes}
    return {"body": [[id], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}], "headers": headers}


class Trap:
    """What a pickle does when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def hostile(trap):
    """What is no message of ours: body, and what comes with it."""
    yield message("x", task="os.system")
    yield message("x", task="celery.backend_cleanup")
    yield {"body": [["x"], {}, {}], "headers": {"task": "there.is.none"}}  # without an id
    yield {"body": ["x"], "headers": {"task": TASK}}
    yield {"body": [[], {}, {}], "headers": message("x")["headers"]}
    yield {"body": [["x", "y"], {"z": 1}, {}], "headers": message("x")["headers"]}
    yield {"body": [[{"id": ["x"] * 50}], {}, {}], "headers": message("x")["headers"]}
    yield {"body": "no list", "headers": message("x")["headers"]}
    yield {"body": {"task": TASK}}
    yield {"body": {"task": TASK, "id": "1", "args": 7}}
    yield {"body": [1, 2, 3]}
    yield {"body": "text"}
    yield {"body": b"{broken", "content_type": "application/json", "content_encoding": "utf-8"}
    yield {"body": b"\xff\xfe", "content_type": "application/json", "content_encoding": "utf-8"}
    yield {"body": b"x", "content_type": "application/x-unheard-of", "content_encoding": "binary"}
    code = pickle.dumps([[Trap(trap)], {}, {}])
    yield {
        "body": code, "content_type": "application/x-python-serialize", "content_encoding": "binary",
        "headers": message("x")["headers"],
    }  # fmt: skip
    yield {"body": pickle.dumps(Trap(trap)), "content_type": "application/x-python-serialize",
           "content_encoding": "binary"}  # fmt: skip
    yield message("x", eta="2999-01-01T00:00:00+00:00")
    yield message("x", eta="no time")
    yield message("x", expires="2001-01-01T00:00:00+00:00")
    yield message("x", retries=10**9, timelimit=["a", "b"])


@pytest.mark.parametrize("kind", ["rabbitmq", "redis"])
def test_messages_that_are_duplicate_reordered_late_foreign_and_broken(kind, request, make_bench, database, tmp_path):
    broker = request.getfixturevalue(f"away_{kind}")
    bench = make_bench(database, broker.url)
    worker = bench.worker(seldom=NEVER, jobs=2)
    bench.until(lambda: broker.queues.consumers() if kind == "rabbitmq" else "Grading" in worker.said, "it listens")
    trap = tmp_path / "trapped"
    for each in hostile(trap):
        body = each.pop("body")
        broker.queues.put(body, **each)
    early = bench.hand_in(3)
    # Nobody schedules: these are the only messages.
    ids = [*early, "x", ""] * 5
    random.Random(1).shuffle(ids)
    for id in ids:
        found = message(id)
        broker.queues.put(found["body"], headers=found["headers"], serializer="json")
    bench.until_graded()
    bench.until(lambda: broker.queues.count() == 0, "nothing is left over")

    for id in bench.hand_in(3) + early:
        found = message(id)
        broker.queues.put(found["body"], headers=found["headers"], serializer="json")
    bench.until_graded()
    assert [row.tries for row in bench.check()] == [1] * 6
    assert worker.is_alive
    assert not trap.exists()
    assert "a message was dropped: ValueError: it is none of ours" in worker.said
    assert "Unrecoverable" not in worker.said, worker.said


def test_two_schedulers_do_not_flood_the_broker(make_bench, database, queues, rabbitmq):
    bench = make_bench(database, rabbitmq)
    schedulers = [bench.scheduler(compare=0.5) for _ in range(2)]
    bench.hand_in(10)
    bench.until(lambda: queues.count() >= 10, "all have messages")
    counts = []
    for _ in range(3):
        # Two at once find the same messages gone.
        queues.purge()
        bench.until(lambda: counts.append(queues.count()) or counts[-1] >= 10, "they are sent again")
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            counts.append(queues.count())
            time.sleep(0.1)
    assert max(counts) <= 20
    schedulers[0].kill()
    bench.worker(jobs=2)
    bench.until_graded()
    bench.until(lambda: queues.count() == 0, "nothing is left over")
    bench.check()
