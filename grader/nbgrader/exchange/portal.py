"""The exchange of a portal, seen from a program."""

from __future__ import annotations

import hashlib
import http.client
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from grader.client import Answer, Client, Refused, Reply
from grader.errors import InfrastructureError

_CHUNK = 1 << 16
MISSING = 404


class Portal(Client):
    """What nbgrader's commands ask a portal for. Whatever changes something may be sent twice."""

    def courses(self) -> list[str]:
        """Codes of the courses in which the account takes part."""
        return [each["code"] for each in self._all("/courses", "courses")]

    def released(self, course: str) -> list[Answer]:
        """What students can fetch."""
        found: list[Answer] = self._ask(_path(course, "assignments"))["assignments"]
        return found

    def release(self, course: str, name: str, content: bytes, force: bool) -> Answer:
        """Release an assignment."""
        fields = {"name": name, "force": "true" if force else "false"}
        return self._upload("POST", _path(course, "assignments"), content, fields)

    def withdraw(self, course: str, name: str) -> None:
        """Let nobody fetch an assignment any more."""
        self._delete(_path(course, "assignments", name))

    def show(self, course: str, name: str) -> Answer:
        """What is released of an assignment."""
        return self._ask(_path(course, "assignments", name))

    def fetch(self, course: str, release: Answer) -> bytes:
        """The archive of an assignment."""
        return self._download(_path(course, "assignments", release["name"], "file"), release["sha256"])

    def hand_in(self, course: str, name: str, content: bytes) -> Answer:
        """Hand in."""
        return self._upload("POST", _path(course, "assignments", name, "submissions"), content, {})

    def own(self, **chosen: str) -> Iterator[Answer]:
        """What the account has handed in, newest first: of a ``course``, for an ``assignment``."""
        return self._all("/exchange/submissions", "submissions", chosen)

    def inbound(self, course: str) -> Iterator[Answer]:
        """What was handed in in a course, newest first."""
        return self._all(_path(course, "submissions"), "submissions")

    def last(self, course: str, name: str, until: datetime | None = None) -> Iterator[Answer]:
        """Of each student what was handed in last; rather the last until a moment, if there is one."""
        chosen = {"assignment": name, "last": "true", **({"until": until.isoformat()} if until else {})}
        return self._all(_path(course, "submissions"), "submissions", chosen)

    def collect(self, course: str, submission: Answer) -> bytes:
        """The archive of a submission."""
        return self._download(_path(course, "submissions", submission["id"], "file"), submission["sha256"])

    def remove(self, course: str, id: str) -> None:
        """Take a submission out of the exchange."""
        self._delete(_path(course, "submissions", id))

    def release_feedback(self, course: str, id: str, content: bytes) -> Answer:
        """Release the feedback on a submission."""
        return self._upload("PUT", _path(course, "submissions", id, "feedback"), content, {})

    def fetch_feedback(self, submission: Answer) -> bytes:
        """The archive of the feedback on a submission of one's own."""
        path = f"/exchange/submissions/{quote(submission['id'], safe='')}/feedback"
        return self._download(path, submission["feedback"]["sha256"])

    def _all(self, path: str, name: str, chosen: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """Every entry of a list that comes in pages."""
        query = {"limit": "100", **(chosen or {})}
        while True:
            page = self._ask(f"{path}?{urlencode(query)}")
            yield from page[name]
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def _delete(self, path: str) -> None:
        request = self._request(path, None, {})
        request.method = "DELETE"
        try:
            self._patiently(lambda: self._send(request))
        except Refused as error:
            # The first answer may be lost.
            if error.status != MISSING:
                raise

    def _upload(self, method: str, path: str, content: bytes, fields: Mapping[str, str]) -> Answer:
        """Send an archive; a repetition has the same key, so that nothing is there twice."""
        boundary = secrets.token_hex(16)
        request = self._request(path, None, {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Idempotency-Key": secrets.token_urlsafe(16),
        })  # fmt: skip
        request.method = method
        request.data = _form(boundary, {**fields, "sha256": hashlib.sha256(content).hexdigest()}, content)
        return self._patiently(lambda: self._send(request))

    def _download(self, path: str, digest: str) -> bytes:
        """Get an archive; where the connection breaks, only the rest is asked for."""
        got = bytearray()
        self._patiently(lambda: self._go_on(path, digest, got))
        if hashlib.sha256(got).hexdigest() != digest:
            raise InfrastructureError(
                "The file has changed on the portal in the meantime. Run the command again.",
                "O arquivo mudou no portal nesse meio-tempo. Execute o comando de novo.",
            )
        return bytes(got)

    def _go_on(self, path: str, digest: str, got: bytearray) -> Reply:
        rest = {"Range": f"bytes={len(got)}-", "If-Range": f'"{digest}"'} if got else {}
        request = self._request(path, None, {"Accept": "application/zip, application/problem+json", **rest})
        return self._open(request, lambda answer: _read_into(got, answer))


def _path(course: str, *parts: str) -> str:
    return f"/courses/{quote(course, safe='')}/exchange/" + "/".join(quote(part, safe="") for part in parts)


def _form(boundary: str, fields: Mapping[str, str], content: bytes) -> bytes:
    """A form with a file, as browsers send it."""
    lines = []
    for name, value in fields.items():
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{name}"', "", value]
    lines += [f"--{boundary}", 'Content-Disposition: form-data; name="file"; filename="folder.zip"']
    lines += ["Content-Type: application/zip", "", ""]
    return "\r\n".join(lines).encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _read_into(got: bytearray, answer: Any) -> Reply:
    """Keep what has come, also when it ends too early."""
    if answer.status != http.client.PARTIAL_CONTENT:
        got.clear()
    left = int(answer.headers.get("Content-Length", "-1"))
    while part := answer.read(_CHUNK):
        got += part
        left -= len(part)
    if left > 0 or not got:
        raise http.client.IncompleteRead(b"", left)
    return Reply(answer.status, {}, 0.0)
