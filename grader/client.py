"""A portal, seen from a program: its JSON API with a token, with the standard library alone."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from grader.errors import GraderError, InfrastructureError, SubmissionError

#: seconds to wait for an answer
TIMEOUT = 60.0
#: how often a request is sent while the portal does not answer or says that it is busy
TRIES = 4
#: the longest wait that a busy portal may ask for
MAX_WAIT = 60.0
BUSY = (502, 503, 504)

Answer = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What came back: a status, JSON, and the seconds that the portal asks to wait."""

    status: int
    body: Answer
    wait: float


class Refused(SubmissionError):
    """What a portal says no with."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a redirect would carry the token along."""

    def redirect_request(self, *args: Any, **options: Any) -> None:
        return None


class Client:
    """Talks to one portal for one account. What goes wrong is a GraderError that says what to do."""

    def __init__(self, url: str, token: str, language: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self.url = url
        self._token = token
        self._language = language
        self._sleep = sleep
        self._opener = urllib.request.build_opener(_NoRedirect)

    def me(self) -> Answer:
        """Whose token it is, and what it may do."""
        return self._ask("/me")

    def submit(self, slug: str, file_name: str, content: bytes, key: str) -> Answer:
        """Hand in. The key makes it safe to ask again: the same one is the same submission."""
        body = {"file_name": file_name, "content_base64": b64encode(content).decode("ascii")}
        path = f"/exercises/{urllib.parse.quote(slug, safe='')}/submissions"
        return self._ask(path, body, {"Idempotency-Key": key})

    def submissions(self, limit: int) -> list[Answer]:
        """The last submissions, newest first."""
        found: list[Answer] = self._ask(f"/submissions?limit={limit}")["submissions"]
        return found

    def submission(self, id: str) -> Answer:
        """One submission with its report."""
        return self._ask(f"/submissions/{urllib.parse.quote(id, safe='')}")

    def events(self, id: str, after: int) -> Answer:
        """What has happened in a grading since."""
        return self._ask(f"/submissions/{urllib.parse.quote(id, safe='')}/events?after={after}")

    def page(self, path: str) -> str:
        """The address at which people read something."""
        return urllib.parse.urljoin(self.url, path)

    def _ask(self, path: str, body: Answer | None = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask, again while the portal does not answer or has no time, and give what it says."""
        request = self._request(path, body, headers or {})
        return self._patiently(lambda: self._send(request))

    def _patiently(self, send: Callable[[], Reply]) -> Answer:
        """Send until there is an answer, or no more tries."""
        for tries_left in reversed(range(TRIES)):
            try:
                reply = send()
            except (OSError, http.client.HTTPException) as error:
                if not tries_left:
                    raise _unreachable(self.url, error) from error
                self._sleep(TRIES - tries_left)
                continue
            if reply.status < 400:
                return reply.body
            if not (tries_left and _is_worth_waiting(reply)):
                _refuse(self.url, reply)
            self._sleep(min(max(reply.wait, 1.0), MAX_WAIT))
        raise AssertionError

    def _request(self, path: str, body: Answer | None, headers: dict[str, str]) -> urllib.request.Request:
        sent = {
            "Accept": "application/json",
            "Accept-Language": self._language,
            "Authorization": f"Bearer {self._token}",
            "User-Agent": "gradiente",
            **headers,
        }
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        return urllib.request.Request(f"{self.url}/api/v1{path}", data, sent)

    def _send(self, request: urllib.request.Request) -> Reply:
        return self._open(request, _read_answer)

    def _open(self, request: urllib.request.Request, read: Callable[[Any], Reply]) -> Reply:
        """Send a request once. ``read``: reads what is answered when all went well; a problem is always JSON."""
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error.code, error.read(), _seconds(error.headers.get("Retry-After", "")))


def _read_answer(answer: Any) -> Reply:
    if answer.status == http.client.NO_CONTENT:
        return Reply(answer.status, {}, 0.0)
    content = answer.read()
    if not content:
        # It broke before anything else was said; where it breaks later, ``read`` says so.
        raise http.client.IncompleteRead(b"")
    return _read(answer.status, content, 0.0)


def _read(status: int, content: bytes, wait: float) -> Reply:
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    # Whatever answers without JSON is no portal, or stands in front of one.
    return Reply(status, body, wait) if isinstance(body, dict) else Reply(max(status, 400), {}, wait)


def _seconds(text: str) -> float:
    return float(text) if text.isdecimal() and len(text) < 6 else 0.0


def _is_worth_waiting(reply: Reply) -> bool:
    is_asked_often = reply.status == 429 and str(reply.body.get("type", "")).endswith("too_often")
    return reply.status in BUSY or is_asked_often


def _unreachable(url: str, error: Exception) -> GraderError:
    reason = getattr(error, "reason", None) or error
    return InfrastructureError(
        f"{url} cannot be reached ({reason}). Check the address and your connection, then try again.",
        f"Não é possível alcançar {url} ({reason}). Confira o endereço e a sua conexão e tente de novo.",
    )


def _refuse(url: str, reply: Reply) -> NoReturn:
    """Raise what a portal says no with: it says so in the language that was asked for."""
    problem = reply.body
    if not isinstance(problem.get("detail"), str):
        raise InfrastructureError(
            f"{url} answers, but not as a Gradiente portal does (status {reply.status}). Check the address.",
            f"{url} responde, mas não como um portal Gradiente (status {reply.status}). Confira o endereço.",
        )
    text = f"{problem.get('title', '')}. {problem['detail']}"
    fields = problem.get("errors")
    # One that only repeats the sentence says nothing new.
    extra = [f"{name}: {each}" for name, each in fields.items() if each not in text] if isinstance(fields, dict) else []
    said = " ".join([text, *extra])
    if reply.status == 401:
        raise SubmissionError(
            f"{said} Then run: gradiente login {url}", f"{said} Depois execute: gradiente login {url}"
        )
    if reply.status >= 500:
        raise InfrastructureError(said)
    raise Refused(reply.status, said)
