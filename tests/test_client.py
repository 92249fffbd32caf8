"""The client of the API, where the portal is away, busy, or no portal."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from grader.client import Client
from grader.errors import GraderError, SubmissionError


class Stub(BaseHTTPRequestHandler):
    """Something else than a portal: answers with what is next."""

    answers: list[tuple[int, dict[str, str], str]]
    seen: list[tuple[str, str | None]]

    def do_GET(self):
        self.seen.append((self.path, self.headers["Idempotency-Key"]))
        status, headers, body = self.answers.pop(0)
        if not status:  # the connection breaks
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def stub():
    """Answers in turn; says what was asked and how long was waited."""
    handler = type("Answers", (Stub,), {"answers": [], "seen": [], "waits": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    handler.client = Client(f"http://127.0.0.1:{server.server_port}", "token", "en", handler.waits.append)
    yield handler
    server.shutdown()
    thread.join()
    server.server_close()


TOO_OFTEN = '{"type": "/api/v1/docs#problem-too_often", "title": "Too many", "status": 429, "detail": "Wait."}'


def test_a_lost_answer_is_asked_for_again_with_the_same_key(stub):
    stub.answers[:] = [(0, {}, ""), (503, {}, "busy"), (200, {}, '{"id": "x"}')]

    assert stub.client.submit("softmax", "a.py", b"x", "the-key") == {"id": "x"}
    assert stub.seen == [("/api/v1/exercises/softmax/submissions", "the-key")] * 3


def test_a_busy_portal_is_given_the_time_that_it_asks_for(stub):
    stub.answers[:] = [(429, {"Retry-After": "7"}, TOO_OFTEN), (200, {}, "{}")]

    assert stub.client.me() == {}
    assert stub.waits == [7.0]


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, "<html>", "not as a Gradiente portal"),
        (404, "<html>", "not as a Gradiente portal"),
        (200, "[1]", "not as"),
    ],
)
def test_what_is_no_portal_is_told(stub, status, body, text):
    stub.answers[:] = [(status, {}, body)]

    with pytest.raises(GraderError, match=text):
        stub.client.me()


def test_a_redirect_is_not_followed_with_the_token(stub):
    stub.answers[:] = [(302, {"Location": "/elsewhere"}, "")]

    with pytest.raises(GraderError, match="not as a Gradiente portal"):
        stub.client.me()
    assert [path for path, _key in stub.seen] == ["/api/v1/me"]


def test_a_portal_that_stays_away_is_told(stub):
    stub.answers[:] = [(0, {}, "")] * 4

    with pytest.raises(GraderError, match="cannot be reached"):
        stub.client.me()
    assert len(stub.waits) == 3


def test_a_portal_that_stays_busy_says_so_itself(stub):
    stub.answers[:] = [(429, {}, TOO_OFTEN)] * 4

    with pytest.raises(SubmissionError, match=r"Too many\. Wait\."):
        stub.client.me()
