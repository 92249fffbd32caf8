"""The recorder: what happens in a grading goes to the database in batches, and a training's values not without end."""

import pytest

from server.grading import recorder


@pytest.fixture
def clock(monkeypatch):
    """The time, which a test sets."""
    times = [100.0]
    monkeypatch.setattr(recorder, "BATCH_SECONDS", 0.5)
    monkeypatch.setattr(recorder.time, "monotonic", lambda: times[0])
    return times


def metric(step):
    return {"event": "metric", "test": "test_f", "step": step, "values": {"loss": 0.5}}


def test_what_happens_waits_for_the_next_batch_and_no_longer(clock):
    written = []
    heard = recorder.Recorder(written.append)
    events = [{"event": "started"}, metric(1), {"event": "test"}, metric(2)]
    for event in events[:3]:
        heard.hear(event)
    heard.tick()
    assert written == []
    clock[0] += 0.5
    heard.tick()
    assert written == [events[:3]]
    heard.hear(events[3])
    clock[0] += 0.5
    heard.tick()
    heard.tick()
    assert written == [events[:3], events[3:]]


def test_nothing_is_passed_on_once_the_grading_is_over(clock):
    written = []
    heard = recorder.Recorder(written.append)
    heard.hear({"event": "test"})
    heard.close()
    clock[0] += 5
    heard.tick()
    heard.hear({"event": "test"})
    assert written == []


def test_a_long_training_is_told_to_its_end_with_fewer_values():
    written = []
    heard = recorder.Recorder(written.extend)
    for step in range(3600):
        heard.hear(metric(step))
    heard.hear({"event": "test"})
    steps = [event["step"] for event in written if event["event"] == "metric"]

    assert len(steps) <= recorder.MAX_METRICS
    assert steps[:3] == [0, 1, 2]
    assert steps[-1] >= 3590


def test_there_is_an_end_all_the_same():
    written = []
    heard = recorder.Recorder(written.extend)
    for step in range(20_000):
        heard.hear(metric(step))

    assert len(written) <= recorder.MAX_METRICS
