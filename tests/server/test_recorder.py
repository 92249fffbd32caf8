"""The recorder: a training's values go to the database in batches, and not without end."""

from server.grading import recorder


def metric(step):
    return {"event": "metric", "test": "test_f", "step": step, "values": {"loss": 0.5}}


def test_values_wait_for_the_next_batch_and_everything_else_does_not(monkeypatch):
    monkeypatch.setattr(recorder, "BATCH_SECONDS", 1000)
    written = []
    heard = recorder.Recorder(written.append)
    events = [metric(1), metric(2), metric(3), {"event": "test"}, metric(4)]
    for event in events:
        heard.hear(event)

    assert written == [events[:1], events[1:4]]


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
