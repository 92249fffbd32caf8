"""What is counted, that it is what happened, and that documents, dashboard and alerts speak of nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select, update

from grader.errors import ExerciseError, InfrastructureError
from server.context import now
from server.grading.dispatch import InProcess
from server.health.beside import scheduler_shown, worker_shown
from server.health.census import count
from server.health.observer import Observer
from server.models import Grading, GradingKind, State, Submission, SubmissionEvent, Worker
from server.settings import read_settings
from tests.conftest import ROOT
from tests.server.test_health import read

TOKEN = "a token of some length"
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
NAME = re.compile(r"\bgradiente_[a-z_]+")


@pytest.fixture
def app(make_app):
    return make_app(METRICS_TOKEN=TOKEN, BROKER_URL="amqp://127.0.0.1:1/")


def scrape(app) -> str:
    answer = app.test_client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return answer.text


def values(text: str) -> dict[str, float]:
    """What a scrape says, by name and labels as Prometheus writes them."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.mark.parametrize("shown", ["", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer wrong", "Bearer é"])
def test_metrics_are_not_there_for_whoever_lacks_the_token(app, make_app, shown):
    client = app.test_client()
    answer = client.get("/metrics", headers={"Authorization": shown})
    assert (answer.status_code, "gradiente_" in answer.text) == (404, False)
    assert client.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200
    assert make_app().test_client().get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize("token", ["short", 7])
def test_a_token_that_is_easily_guessed_is_refused(token):
    with pytest.raises(ValueError):
        read_settings({"METRICS_TOKEN": token})


def test_a_submission_is_counted_on_its_way(app, student, portal, grading):
    page = student.hand_in(content=b"x = 1")
    before = values(scrape(app))
    assert before["gradiente_submissions_received_total{exercise=softmax}"] == 1
    assert before["gradiente_upload_bytes_total"] == 5
    assert before["gradiente_intake_seconds_count"] == 1
    assert before["gradiente_queue_depth{device=cpu,priority=submission}"] == 1
    assert before["gradiente_queue_unsent{device=cpu}"] == 1
    assert before["gradiente_recent_submissions{state=received}"] == 1

    seconds = {"sandbox": 0.5, "load": 0.25, "tests": 2.0}
    grading.events = [{"event": "tally", "seconds": seconds, "ends": {"memory": 2, "exit": 1}}]
    assert portal.dispatcher.run_once()
    after = values(scrape(app))
    assert after["gradiente_gradings_total{device=cpu,exercise=softmax,owner=student}"] == 1
    assert after["gradiente_attempts_recorded_total{outcome=graded}"] == 1
    verdicts = [after[f"gradiente_verdicts_total{{exercise=softmax,verdict={word}}}"] for word in ("passed", "failed")]
    assert verdicts == [1, 1]
    assert after["gradiente_sandbox_kills_total{reason=memory}"] == 2
    assert "gradiente_sandbox_kills_total{reason=exit}" not in after, "nobody ended it"
    for phase in ("waiting", "claim", "grading", "recording"):
        assert after[f"gradiente_grading_seconds_count{{device=cpu,phase={phase}}}"] == 1
    for phase, spent in seconds.items():
        assert after[f"gradiente_grading_seconds_sum{{device=cpu,phase={phase}}}"] == spent
    told = scrape(app)
    assert page.rpartition("/")[2] not in told
    assert "ana" not in set(re.findall(r'="([^"]*)"', told))


def test_the_events_of_a_grading_are_handed_on_but_for_the_tally(student, portal, grading):
    noted = []

    def look():
        with portal.database.reader() as session:
            noted.extend(session.scalars(select(SubmissionEvent.kind).order_by(SubmissionEvent.id)))

    grading.meanwhile = look
    grading.events = [{"event": "tally", "seconds": {}, "ends": {}}]
    student.hand_in()
    portal.dispatcher.run_once()
    assert noted == ["started", "test", "test"]


@pytest.mark.parametrize(
    ("error", "owner", "outcomes"),
    [
        (ExerciseError("its tests are broken"), "exercise", ["failed"]),
        (InfrastructureError("no sandbox"), "infrastructure", ["again", "again", "failed"]),
        (RuntimeError("a mistake of ours"), "infrastructure", ["again", "again", "failed"]),
    ],
)
def test_failures_are_counted_by_owner_and_by_what_becomes_of_them(
    app, student, portal, grading, error, owner, outcomes
):
    grading.error = error
    student.hand_in()
    for _ in outcomes:
        with portal.database.write() as session:
            session.execute(update(Submission).values(wait_until=None))
        assert portal.dispatcher.run_once()
    found = values(scrape(app))
    assert found[f"gradiente_gradings_total{{device=cpu,exercise=softmax,owner={owner}}}"] == len(outcomes)
    for outcome in ("again", "failed", "graded", "lost"):
        assert found[f"gradiente_attempts_recorded_total{{outcome={outcome}}}"] == outcomes.count(outcome)
    assert found[f"gradiente_recent_failures{{owner={owner}}}"] == 1
    assert found["gradiente_grading_seconds_count{device=cpu,phase=waiting}"] == 1, "of the first try alone"


def test_a_result_that_is_not_recorded_is_counted_as_lost(app, student, portal, grading):
    def lose():
        with portal.database.write() as session:
            session.execute(update(Submission).values(lease_token="another's"))

    grading.meanwhile = lose
    student.hand_in()
    portal.dispatcher.run_once()
    assert values(scrape(app))["gradiente_attempts_recorded_total{outcome=lost}"] == 1


def test_the_line_is_counted_by_device_and_priority(student, other, portal):
    for browser in (student, student, other):
        browser.hand_in()
    moment = now()
    with portal.database.write() as session:
        first, second, third = session.query(Submission).order_by(Submission.created_at, Submission.id)
        first.created_at = moment - timedelta(minutes=10)
        second.wait_until = moment + timedelta(seconds=30)
        second.sent_at = moment
        third.state, third.lease_expires_at = State.RUNNING, moment - timedelta(seconds=1)
        for kind, on_gpu in ((GradingKind.SHADOW, False), (GradingKind.SHADOW, True), (GradingKind.DEVICE, True)):
            at = moment - timedelta(hours=1)
            session.add(Grading(submission_id=first.id, kind=kind, on_gpu=on_gpu, created_at=at))
        session.add(Grading(submission_id=first.id, kind=GradingKind.PAST, state=State.GRADED, created_at=moment))
        gpus = [{"fault": ""}, {"fault": "hot"}]
        for name, ago, busy in (("a", 1, 2), ("b", 100, 1)):
            seen_at = moment - timedelta(seconds=ago)
            detail = {"jobs": 4, "devices": gpus}
            session.add(Worker(id=name, detail=detail, busy=busy, started_at=seen_at, seen_at=seen_at))
    with portal.database.reader() as session:
        found = count(session, moment, timedelta(seconds=60))

    places = {("cpu", "submission"): 2, ("cpu", "regrade"): 1, ("gpu", "regrade"): 1, ("gpu", "device"): 1}
    assert found.waiting == places
    ages = {place: (moment - since).total_seconds() for place, since in found.oldest.items()}
    assert ages == {place: 600 if place == ("cpu", "submission") else 3600 for place in places}
    assert (found.unsent, found.running, found.expired) == ({"cpu": 2, "gpu": 2}, {"cpu": 1}, 1)
    assert found.recent == {"received": 2, "running": 1}
    assert (found.workers, found.jobs, found.busy) == ({"heard": 1, "silent": 1}, 4, 2)
    assert found.gpus == {"in_service": 1, "out_of_service": 1}


def test_a_database_that_is_gone_leaves_the_other_numbers(make_app):
    app = make_app(METRICS_TOKEN=TOKEN, DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/x")
    found = values(scrape(app))
    assert found["gradiente_ready{part=database}"] == 0
    assert not [name for name in found if name.startswith("gradiente_queue")]


def test_requests_are_counted_by_route_whatever_is_asked_for(app, student):
    page = student.hand_in()
    client = app.test_client()
    for path in ("/exercises/softmax", "/exercises/attention", page, "/nothing/1", "/nothing/2"):
        client.get(path)
    client.open("/exercises/softmax", method="BREW")
    client.head("/healthz")
    found = [name for name in values(scrape(app)) if name.startswith("gradiente_http_requests_total")]

    assert "gradiente_http_requests_total{method=GET,route=none,status=404}" in found
    assert "gradiente_http_requests_total{method=other,route=none,status=405}" in found
    assert "gradiente_http_requests_total{method=HEAD,route=health.alive,status=200}" in found
    assert not [name for name in found if "softmax" in name or page in name or "BREW" in name]


def test_counters_never_go_back_when_processes_come_and_go(tmp_path):
    """As under gunicorn: several processes count, one after the other ends, and what is told is the sum of all."""
    script = """
import os, sys
import prometheus_client
from server.health.exposition import Exposition
from server.health.processes import forget_process, share_metrics

share_metrics()
from server.health.metrics import Metrics

def total():
    text = Exposition(Metrics()).write().decode()
    wanted = ("upload_bytes_total ", "intake_seconds_count ", 'intake_seconds_bucket{le="+Inf"} ')
    lines = [line for name in wanted for line in text.splitlines() if line.startswith("gradiente_" + name)]
    return [float(line.split()[-1]) for line in lines]

for _ in range(3):
    pid = os.fork()
    if not pid:
        metrics = Metrics()
        metrics.upload_bytes.inc(10)
        metrics.intake_seconds.observe(0.1)
        os._exit(0)
    os.waitpid(pid, 0)
    before = total()
    forget_process(pid)
    print(before, total())
left = os.listdir(os.environ["PROMETHEUS_MULTIPROC_DIR"])
print(sorted(name for name in left if not name.endswith(f"_{os.getpid()}.db")))
"""
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "counter_1.db").write_bytes(b"what a portal before this one left")
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    sums = [[10.0 * number, number, number] for number in (1.0, 2.0, 3.0)]
    files = ["counter_0.db", "histogram_0.db", "lock"]
    assert found.stdout.splitlines() == [*(f"{each} {each}" for each in sums), str(files)]


@pytest.fixture
def free_port():
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def told(app, student, portal, toys, grader, free_port):
    """What portal, worker and scheduler really tell: the worker has graded with the real grader."""
    with portal.database.write() as session:
        columns = {"slug": "toy", "user_id": 1, "attempt": 1, "size": 1, "created_at": now()}
        hog = b"def double(x):\n    return [0] * (1 << 30)\n\ndef greet(name):\n    while True:\n        pass\n"
        blob = portal.store.put(hog)
        session.add(Submission(file_name="toy.py", blob=blob, form_key="toy", **columns))
    settings = read_settings({"DATA_DIR": portal.settings.data_dir, "BROKER_URL": "amqp://127.0.0.1:1/"})
    engine = InProcess(portal.database, portal.store, toys, grader.grade, jobs=1, observer=Observer())
    address = f"127.0.0.1:{free_port}"
    texts = {"portal": scrape(app)}
    with worker_shown(address, engine, grader, settings):
        assert engine.run_once()
        texts["worker"] = read(f"http://{address}/metrics")[1]
        assert read(f"http://{address}/readyz")[0] == 200
        engine.drain(0)
        assert read(f"http://{address}/readyz")[0] == 503, "it takes nothing any more"
    with scheduler_shown(address, portal.database, settings):
        texts["scheduler"] = read(f"http://{address}/metrics")[1]
    return texts


def names(text: str) -> set[str]:
    """The families, as Prometheus stores them."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(text)
    }


def stored(text: str) -> set[str]:
    """The series' names; of counters without anything yet there is only the family."""
    samples = {sample.name for family in text_string_to_metric_families(text) for sample in family.samples}
    more = {
        f"{family.name}_{end}" for family in text_string_to_metric_families(text) for end in ("bucket", "sum", "count")
    }
    return samples | names(text) | more


def test_what_is_told_is_what_documents_dashboard_and_alerts_speak_of(told):
    worker = values(told["worker"])
    assert worker["gradiente_sandbox_kills_total{reason=memory}"] >= 1
    assert worker["gradiente_sandbox_kills_total{reason=time}"] >= 1
    assert worker["gradiente_grading_seconds_sum{device=cpu,phase=tests}"] > 0
    assert worker["gradiente_grading_seconds_sum{device=cpu,phase=sandbox}"] > 0
    assert (
        worker["gradiente_warm_parents{parent=candidates}"] == worker["gradiente_warm_parents{parent=examiners}"] == 1
    )
    assert worker["gradiente_keepers"] >= 1
    assert (worker["gradiente_jobs"], worker["gradiente_gradings_running"]) == (1, 0)

    ours = {name for text in told.values() for name in names(text) if name.startswith("gradiente_")}
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(gradiente_[a-z_]+)` \|", page, re.MULTILINE)) == ours
    known = {name for text in told.values() for name in stored(text)}
    dashboard = json.loads((DEPLOY / "grafana" / "gradiente.json").read_text(encoding="utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for each in panel.get("targets", ())
        for name in NAME.findall(each["expr"])
    }
    assert asked - known == set()
    rules = [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]
    assert {name for rule in rules for name in NAME.findall(rule["expr"])} - known == set()
    looked_at = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert ours - looked_at == {"gradiente_build_info"}, "what nobody looks at need not be told"


def test_every_alert_says_what_it_is_and_the_page_what_to_do():
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    rules = [rule for group in groups for rule in group["rules"]]
    assert {"gradiente-stuck", "gradiente-failing", "gradiente-sick"} == {group["name"] for group in groups}
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert {"summary", "description"} == rule["annotations"].keys(), rule
        assert rule["expr"].strip()
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert sorted(re.findall(r"^\| `(Gradiente\w+)` \|", page, re.MULTILINE)) == sorted(rule["alert"] for rule in rules)
    tried = yaml.safe_load((RULES.parent / "alerts_test.yml").read_text(encoding="utf-8"))
    assert {each["alertname"] for test in tried["tests"] for each in test["alert_rule_test"]} <= {
        rule["alert"] for rule in rules
    }


def test_the_alerts_do_what_they_should():
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool of Prometheus is not installed")
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        found = subprocess.run([promtool, *command], cwd=RULES.parent, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stdout + found.stderr


def test_dashboard_panels_have_their_own_numbers_and_places():
    panels = json.loads((DEPLOY / "grafana" / "gradiente.json").read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)


def test_counting_from_many_threads_loses_nothing():
    observer = Observer()
    threads = [threading.Thread(target=lambda: [observer.refused("closed") for _ in range(500)]) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert observer.metrics.refused.labels("closed")._value.get() == 2000
