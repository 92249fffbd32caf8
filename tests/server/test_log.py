"""Lines of the log: no text can pass for one, and each says what it is about, from the portal to the candidate."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest

from grader.errors import InfrastructureError
from grader.pool import Grader
from grader.submission import Upload
from server import log
from server.health.observer import Observer
from server.health.traces import Traces, is_wanted, make_provider, numbers_of
from server.submission import intake
from tests.conftest import REFERENCE, ROOT, write_tree
from tests.server.conftest import Browser

FORGED = 'x\n{"level": "CRITICAL", "message": "forged"}\r\u2028\x1b[2J\ud800'


class Lines(logging.Handler):
    """What a process would have written, line by line."""

    def __init__(self, formatter):
        super().__init__()
        self.setFormatter(formatter)
        self.lines = []

    def emit(self, record):
        self.lines += self.format(record).split("\n")

    def read(self, logger=""):
        found = [json.loads(line) for line in self.lines]
        return [line for line in found if line["logger"].startswith(logger)]


@pytest.fixture
def lines():
    root = logging.getLogger()
    handler, level = Lines(log.JsonFormatter()), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("letter", ["\n", "\r", "\x85", "\u2028", "\0", "\x1b", "\ud800", '"', "\\"], ids=ascii)
def test_json_is_one_line_whatever_is_in_it(letter):
    # A logger of its own: pytest keeps what others say, and cannot pass half a surrogate pair on.
    logger, lines = logging.Logger("server.x"), Lines(log.JsonFormatter())
    logger.addHandler(lines)
    text = f"a{letter}b"
    with log.about(submission=text, **{"message": "forged", "level": "DEBUG"}):
        try:
            raise ValueError(text)
        except ValueError:
            logger.exception("it was %s", text)
    (line,) = lines.lines
    assert line.isascii()
    assert line.isprintable()
    told = json.loads(line)
    assert (told["message"], told["level"], told["logger"], told["submission"]) == (
        f"it was {text}", "ERROR", "server.x", text,
    )  # fmt: skip
    assert text in told["exception"]
    assert told["time"].endswith("+00:00")


def test_text_is_as_it_was_and_forges_nothing():
    handler = Lines(log.Formatter(log.LAYOUT))
    with log.about(submission="s"):
        handler.emit(logging.makeLogRecord({"name": "server.x", "levelname": "INFO", "msg": FORGED}))
    assert handler.lines[0].endswith("INFO server.x: x")
    assert all(line.startswith("    ") and line.isprintable() for line in handler.lines[1:])


def test_a_thread_is_about_nothing_else_afterwards():
    with log.about(submission="a"):
        with log.about(grading="b"):
            assert dict(log.subject()) == {"submission": "a", "grading": "b"}
        assert dict(log.subject()) == {"submission": "a"}
    assert dict(log.subject()) == {}


@pytest.mark.parametrize("kind", ["text", "json"])
def test_what_nobody_catches_is_a_line_too(kind):
    script = f"""
import threading, warnings
from server import log
log.set_up({kind!r})
warnings.warn("beware")
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise ValueError({FORGED.encode("utf-8", "surrogatepass")!r}.decode("utf-8", "surrogatepass"))
"""
    found = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    if kind == "json":
        told = [json.loads(line) for line in found.stderr.splitlines()]
        assert [line["level"] for line in told] == ["WARNING", "CRITICAL", "CRITICAL"]
        assert [
            error in line["exception"] for error, line in zip(("ZeroDivisionError", "forged"), told[1:], strict=True)
        ]
    else:
        assert "Traceback" in found.stderr, "as Python does it"


@pytest.mark.parametrize(
    ("proxy", "told", "is_taken"),
    [
        ("10.0.0.1", "0af7651916cd43dd", True),
        ("", "0af7651916cd43dd", False),
        ("10.0.0.1", "short", False),
        ("10.0.0.1", "x" * 65, False),
        ("10.0.0.1", 'forged", "level": "x', False),
    ],
)
def test_a_proxys_number_is_taken_where_there_is_a_proxy_and_it_looks_like_one(make_app, proxy, told, is_taken):
    client = make_app(TRUSTED_PROXY=proxy).test_client()
    numbers = [client.get("/healthz", headers={"X-Request-ID": told}).headers["X-Request-ID"] for _ in range(2)]
    assert (numbers == [told, told]) is is_taken
    assert is_taken or (numbers[0] != numbers[1] and all(len(number) == 16 for number in numbers))


def test_errors_have_their_requests_number(app, student, lines, monkeypatch):
    monkeypatch.setattr(intake, "_new_row", lambda *parts: 1 / 0)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.testing = False
    answer = student.send("/exercises/softmax", code="x = 1")
    assert answer.status_code == 500
    (line,) = [line for line in lines.read("server") if line["level"] == "ERROR"]
    assert line["request"] == answer.headers["X-Request-ID"]
    assert "ZeroDivisionError" in line["exception"]
    assert dict(log.subject()) == {}, "the thread's next request is another one"


@pytest.fixture(scope="module")
def noisy(tmp_path_factory, sandboxed):
    """A grader whose tests write to standard error what the student's code has answered, and then die of it."""
    tree = write_tree(tmp_path_factory.mktemp("noisy"))
    tree.find("toy").hidden_tests.write_text(
        "import os, sys\n\n\ndef test_greets(student):\n"
        '    """Greets."""\n'
        "    answer = student.greet('Ana')\n"
        "    os.write(2, answer.encode('utf-8', 'surrogatepass'))\n"
        "    if 'flood' in answer:\n"
        "        os.write(2, b'y' * 300_000)\n"
        "    if 'die' in answer:\n"
        "        os._exit(3)\n"
    )
    with Grader(tree) as grader:
        yield tree, grader


def hand_in(app, login, source):
    """Somebody hands in to toy, over the portal."""
    browser = Browser(app.test_client())
    browser.sign_up(login)
    return browser.hand_in("toy", "toy.py", source.encode()).rpartition("/")[2]


@pytest.fixture
def spans():
    """What is told of submissions, and to what it is told."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider, exporter = make_provider("test"), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Traces(provider), exporter
    provider.shutdown()


@pytest.fixture
def telling(tmp_path, empty_database, noisy, spans):
    """A portal with the real grader, whose spans are kept."""
    from server import create_app

    data = tmp_path / "data"
    data.mkdir()
    tree, grader = noisy
    config = {"DATABASE_URL": empty_database.copy(data), "DATA_DIR": data, "SECRET_KEY": "test", "LANGUAGE": "en"}
    app = create_app(config, catalogue=tree, grade=grader.grade)
    portal, health = app.extensions["portal"], app.extensions["health"]
    health.observer.traces = spans[0]
    yield app
    portal.dispatcher.close()
    portal.dispatcher.join(5)
    portal.post.close()
    portal.database.close()


def test_a_submissions_id_goes_from_the_portal_to_its_candidate(telling, lines):
    portal = telling.extensions["portal"]
    source = REFERENCE.replace('return f"Olá, {name}"', f"return {FORGED!r}").replace("2 * x", "[0] * (1 << 30)")
    ids = [hand_in(telling, login, text) for login, text in (("ana", source), ("bia", REFERENCE))]
    for _ in ids:
        assert portal.dispatcher.run_once()

    told = lines.read()
    assert not [line for line in told if line["message"] == "forged"]
    mine, other = ([line for line in told if line.get("submission") == id] for id in ids)
    said = [line["message"].removeprefix(f"submission {ids[0]}: ").partition("\n")[0] for line in mine]
    assert [text.partition(",")[0] for text in said] == [
        "received for toy", "taken", "an examiner wrote to standard error:", "candidate ended: memory", "graded",
    ]  # fmt: skip
    (written,) = [line for line in mine if line["logger"] == "grader.complaint"]
    assert "x\n{" in written["message"]
    assert all(line["exercise"] == "toy" for line in mine)
    assert all(line["worker"] and line["try"] == 1 for line in mine[1:])
    assert mine[0]["request"]
    assert "candidate ended" not in str(other)


def test_what_an_examiner_says_before_it_dies_is_kept_but_not_without_end(noisy, lines):
    tree, grader = noisy
    source = REFERENCE.replace('return f"Olá, {name}"', 'return "flood, and die"')
    with log.about(submission="the one"), pytest.raises(InfrastructureError):
        grader.grade(tree.find("toy"), Upload("toy.py", source.encode()))
    (line,) = lines.read("grader.complaint")
    assert line["submission"] == "the one"
    assert "flood, and die" in line["message"]
    assert len(line["message"]) < 17_000
    assert line["message"].endswith("bytes]")


def test_spans_of_portal_and_worker_are_one_trace_without_a_word_between_them(telling, spans):
    from opentelemetry.trace import format_trace_id

    exporter = spans[1]
    id = hand_in(telling, "ana", REFERENCE)
    # Another process would have a provider of its own.
    engine = telling.extensions["portal"].dispatcher
    elsewhere = make_provider("worker")
    elsewhere.add_span_processor(spans[0]._provider._active_span_processor)
    engine.observer = Observer(traces=Traces(elsewhere))
    assert engine.run_once()

    found = {span.name: span for span in exporter.get_finished_spans()}
    tests = ["test test_doubles", "test test_greets"]
    assert found.keys() == {"intake", "waiting", "claim", "grading", "prepare", "recording", *tests}
    assert {format_trace_id(span.context.trace_id) for span in found.values()} == {f"{numbers_of(id)[0]:032x}"}
    first, whole = found["intake"], found["grading"]
    assert (first.parent, first.context.span_id) == (None, numbers_of(id)[1])
    for name in ("waiting", "claim", "grading", "recording"):
        assert found[name].parent.span_id == first.context.span_id
    for name in ("prepare", *tests):
        assert found[name].parent.span_id == whole.context.span_id
        assert whole.start_time <= found[name].start_time <= found[name].end_time <= whole.end_time
    assert found["claim"].end_time <= whole.start_time
    assert whole.end_time <= found["recording"].end_time
    assert (whole.attributes["gradiente.owner"], whole.attributes["gradiente.submission"]) == ("student", id)


def test_portal_and_worker_draw_the_same_submissions(monkeypatch):
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    exporters = []
    for is_first in (True, False):
        provider = make_provider("test")
        exporters.append(InMemorySpanExporter())
        provider.add_span_processor(SimpleSpanProcessor(exporters[-1]))
        for number in range(40):
            Traces(provider).tell("x", str(number), 0, 1, values={}, is_first=is_first)
        provider.shutdown()
    drawn = [{span.attributes["gradiente.submission"] for span in each.get_finished_spans()} for each in exporters]
    assert drawn[0] == drawn[1]
    assert 0 < len(drawn[0]) < 40


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SDK_DISABLED": "TRUE", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_the_standard_variables_say_whether_there_are_traces(variables, wanted):
    assert is_wanted(variables) is wanted


def test_nothing_of_opentelemetry_is_loaded_where_nobody_wants_it():
    script = """
import sys
from server.health.traces import set_up
from server.health.observer import Observer
observer = Observer(traces=set_up("x"))
observer.received("id", "softmax", 1, 0.0)
print(observer.traces.is_on, [name for name in sys.modules if name.startswith("opentelemetry")])
"""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OTEL_")}
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, env=environment
    )
    assert found.stdout.split("\n")[0] == "False []"


def test_traces_that_are_wanted_and_cannot_be_told_are_a_warning(monkeypatch, caplog):
    from server.health import traces

    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert not traces.set_up("x").is_on
    assert "gradiente[otel]" in caplog.text
