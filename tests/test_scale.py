"""The simulation of ``benchmarks/scale``: queueing theory where it has a formula, the real line, and nothing lost."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import simpy

from benchmarks.scale import document, inputs, scenario
from benchmarks.scale.__main__ import ANSWERS
from benchmarks.scale.deadline import Deadline
from benchmarks.scale.inputs import Pages, Service, Turns
from benchmarks.scale.line import Job, Line
from benchmarks.scale.outcome import quantile, run
from benchmarks.scale.pool import MAX_TRIES, Fleet, Scaling, Wake
from benchmarks.scale.site import Plan, Site
from benchmarks.scale.station import Station
from benchmarks.scale.theory import mean_wait
from server.db import Database
from server.grading import queue
from server.models import State, Submission, User
from server.settings import read_settings
from server.store import open_store
from server.submission.intake import Draft, hand_in
from tests.server.databases import migrate

AT_ONCE = Wake(None, 0.0)


def free_plan(fleet, *, students=0, mix=None, **changes):
    """A plan in which nothing takes time but gradings."""
    service = Service("short", (1.0,), events=0)
    values = {"turns": Turns.free(), "pages": Pages.free(), "wake": AT_ONCE} | changes
    return Plan(students, mix or {service: 1.0}, fleet=fleet, **values)


def feed(site, moments, seconds):
    """Let jobs of these seconds come at these moments, each of another student, and run to the end."""

    def arrive():
        for number, (moment, each) in enumerate(zip(moments, seconds, strict=True)):
            yield site.env.timeout(moment - site.env.now)
            site.receive(number, Service("short", (each,), events=0), random.Random(number))

    site.env.run(site.env.process(arrive()))
    site.run()
    return site.jobs


def poisson(count, rate, service, seed=5):
    rng = random.Random(seed)
    moments = [0.0]
    while len(moments) < count:
        moments.append(moments[-1] + rng.expovariate(rate))
    return moments, [rng.expovariate(1 / service) for _ in range(count)]


@pytest.mark.parametrize(("servers", "used"), [(1, 0.6), (4, 0.8)])
def test_waits_are_those_of_erlang(servers, used):
    service = 2.0
    rate = used * servers / service
    moments, seconds = poisson(12_000, rate, service)
    jobs = feed(Site(free_plan(Fleet(1, servers)), 1), moments, seconds)
    waited = sum(job.latency - job.seconds for job in jobs) / len(jobs)
    assert waited == pytest.approx(mean_wait(rate, service, servers), rel=0.12)


def test_a_station_serves_as_a_resource_of_simpy_does():
    rng = random.Random(2)
    orders = [(round(rng.expovariate(1.0), 3), round(rng.expovariate(0.45), 3)) for _ in range(300)]

    def ends(serve):
        env, found = simpy.Environment(), []

        def order(seconds, stage):
            yield from serve(env, stage, seconds)
            found.append(round(env.now, 6))

        def arrive():
            stage = Station(env, 2) if serve is ours else simpy.Resource(env, 2)
            for pause, seconds in orders:
                yield env.timeout(pause)
                env.process(order(seconds, stage))

        env.process(arrive())
        env.run()
        return found

    def ours(env, stage, seconds):
        yield env.timeout(stage.take(seconds))

    def theirs(env, stage, seconds):
        with stage.request() as turn:
            yield turn
            yield env.timeout(seconds)

    assert ends(ours) == ends(theirs)


def test_the_line_is_that_of_the_portal(tmp_path):
    """The same hand-ins and ends, in the simulation and in a database: the same ones are taken."""
    migrate(f"sqlite:///{tmp_path}/portal.sqlite")
    database = Database(f"sqlite:///{tmp_path}/portal.sqlite")
    settings = read_settings({"DATA_DIR": tmp_path, "MAX_WAITING": 50})
    store = open_store(settings)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    with database.write() as session:
        session.add_all(User(id=n, login=f"s{n}", name=f"S {n}", created_at=start) for n in range(1, 5))
    rng, line, env = random.Random(8), Line(), simpy.Environment()
    running, jobs, taken = {}, {}, []
    for step in range(120):
        now, act = start + timedelta(seconds=step), rng.random()
        if act < 0.4:
            student = rng.randint(1, 4)
            draft = Draft(student, "softmax", "softmax.py", b"x = 1", f"key {step}")
            jobs[hand_in(database, store, settings, draft, now).id] = job = Job(student, "s", 1.0, step, env.event())
            line.put(job)
        elif act < 0.75:
            with database.write() as session:
                lease = queue.claim(session, now, timedelta(hours=1))
            job = line.take(step)
            assert jobs.get(lease.submission if lease else "") is job
            if lease:
                running[lease.token] = (lease, job)
                taken.append(job.student)
        elif running:
            lease, job = running.pop(rng.choice(sorted(running)))
            with database.write() as session:
                session.get_one(Submission, lease.submission).state = State.GRADED
            line.end(job)
    database.close()
    assert len(taken) > 25
    assert len(set(taken)) == 4


def students(**changes):
    """A class with everything that takes time, small enough for a test."""
    turns = Turns(0.004, inputs.Curve(((0, 0.003), (100, 0.006))), 0.002, 0.0003, 0.006, 0.001, 0.003)
    pages = Pages(0.04, 0.01, 0.01, 0.02, inputs.Curve.flat(0.004), inputs.Curve(((0, 0.005), (1000, 0.04))))
    mix = {Service("short", (0.2, 0.7), 15, 0.01): 0.7, Service("long", (4.0, 9.0), 40, 0.02, gpu=5.0): 0.3}
    return free_plan(**{"students": 400, "mix": mix, "turns": turns, "pages": pages, "gpus": Fleet(2, 1)} | changes)


@pytest.mark.parametrize(("deaths_per_hour", "boot"), [(60.0, 30.0), (600.0, 5.0)])
def test_whatever_machines_die_each_submission_is_graded_once_or_given_up(deaths_per_hour, boot):
    site = Site(students(fleet=Fleet(4, 2, boot=boot, deaths_per_hour=deaths_per_hour)), 3)
    outcome = run(site)
    assert outcome.received == outcome.graded + outcome.failed
    assert all(job.recorded + job.failed == 1 for job in site.jobs)
    assert all(job.recorded + job.failed == 1 for job in site.gpu_jobs)
    tries = Counter(job.tries for job in site.jobs)
    assert tries[2] > 0  # machines did die while they graded
    assert max(tries) <= MAX_TRIES
    assert outcome.failed == sum(job.tries == MAX_TRIES and not job.recorded for job in site.jobs)
    assert (outcome.failed > 0) == (deaths_per_hour == 600.0)
    assert len(site.gpu_jobs) == sum(job.kind == "long" and job.done.processed for job in site.jobs)


def test_without_deaths_nothing_is_given_up_or_tried_twice():
    site = Site(students(fleet=Fleet(2, 4)), 3)
    outcome = run(site)
    assert outcome.graded == outcome.received == len(site.waits) > 300
    assert {job.tries for job in site.jobs} == {1}
    assert all(job.latency >= job.seconds for job in site.jobs)
    assert 0 < outcome.writer < 1
    # Both students and fleet are drawn from the seed alone.
    assert run(Site(students(fleet=Fleet(2, 4)), 3)) == outcome != run(Site(students(fleet=Fleet(2, 4)), 4))


def test_more_workers_never_wait_longer():
    moments, seconds = poisson(600, 2.0, 1.0)
    late = [
        quantile([job.latency for job in feed(Site(free_plan(Fleet(count, 1)), 1), moments, seconds)], 0.95)
        for count in (2, 3, 4, 8)
    ]
    assert late == sorted(late, reverse=True)
    assert late[0] > 2 * late[-1]


def test_machines_come_when_somebody_has_waited_and_go_when_nobody_does():
    scaling = Scaling(most=10, grow_at=20.0, stop_after=120.0)
    site = Site(students(fleet=Fleet(0, 4, scaling=scaling, boot=100.0)), 1)
    first = min(site._students(), key=lambda each: each[1])[1]
    outcome = run(site)
    assert outcome.graded == outcome.received
    assert site.jobs[0].reported_at >= first + scaling.grow_at + 100.0
    assert outcome.machine_hours < 0.9 * outcome.most_machines * 3.0
    ahead = replace(scaling, at_deadline=3, ahead=10_800.0)
    assert run(Site(students(fleet=Fleet(0, 4, scaling=ahead, boot=100.0)), 1)).p99 < outcome.p99


def test_a_full_database_refuses_rather_than_forgets():
    slow = replace(students(fleet=Fleet(0, 1)).turns, note=1.0, hand_in=0.5, record=0.5)
    site = Site(students(fleet=Fleet(8, 8), turns=slow, students=300), 1)
    outcome = run(site)
    assert outcome.writer > 0.95
    assert outcome.timeouts > 0
    assert outcome.received == outcome.graded + outcome.failed == len(site.waits)


def test_students_come_as_the_published_shape_says():
    deadline = Deadline()
    rng = random.Random(1)
    left = [deadline.left_at_first(rng) for _ in range(20_000)]
    for seconds in (60, 600, 3600, 86_400):
        share = sum(each < seconds for each in left) / len(left)
        assert share == pytest.approx(deadline.share_within(seconds), abs=0.012)
    assert deadline.share_within(7 * 86_400) == pytest.approx(1.0)


def test_measured_inputs_make_a_plan_that_keeps_its_aims():
    outcome = run(Site(scenario.plan(inputs.load(), scenario.CLUSTER, 200, mix=scenario.MIXED, machines=2), 1))
    assert scenario.holds(outcome)


def test_the_document_shows_what_was_recorded():
    answers = document.read(ANSWERS, inputs.RESULTS)
    text = document.DOCUMENT.read_text(encoding="utf-8")
    assert document.fill(text, answers) == text
    assert document.CHART.read_text(encoding="utf-8") == document.picture(answers)
