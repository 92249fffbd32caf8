"""A class of 50 at once: each student signs up, reads pages, hands in and watches, all on one portal over loopback.

    python benchmarks/portal.py [STUDENTS [ROUNDS]]      requests per second, latency, lost submissions, errors

The portal is a real ``gradiente serve`` in a process of its own, which grades meanwhile. Nothing is asserted but that
no request failed and no submission was lost.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
RIGHT = (ROOT / "solutions" / "sigmoid" / "sigmoid.py").read_text()
WRONG = RIGHT.replace("1 - ", "2 - ")
BOUNDARY = "a-boundary-that-no-solution-holds"


@dataclass
class Record:
    """What all students together have seen."""

    latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    graded: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Browser:
    """One student's browser: a connection, its cookies, and the forms' tokens."""

    def __init__(self, port: int, record: Record) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: dict[str, str] = {}
        self.record = record

    def request(self, kind: str, method: str, path: str, body: bytes | None = None, content: str = "") -> str:
        """One request, followed where it leads; returns the page's text and remembers its path."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if content:
            headers["Content-Type"] = content
        start = time.perf_counter()
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except OSError as error:
            self._note(kind, start, f"{method} {path}: {error!r}")
            self.connection.close()
            return ""
        self._note(kind, start, "" if response.status < 400 else f"{method} {path}: {response.status}")
        for cookie in response.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.path = path
        if response.status in (302, 303):
            target = urlsplit(response.headers["Location"])
            return self.request("page", "GET", f"{target.path}?{target.query}" if target.query else target.path)
        return text

    def get(self, path: str, kind: str = "page") -> str:
        """Read a page."""
        return self.request(kind, "GET", path)

    def post(self, path: str, page: str, values: dict[str, str]) -> str:
        """Send a form of ``page``."""
        body = urlencode({"csrf_token": token(page), **values}).encode()
        return self.request("form", "POST", path, body, "application/x-www-form-urlencoded")

    def upload(self, path: str, page: str, name: str, source: str) -> str:
        """Hand a file in, with the form of ``page``."""
        form_key = re.search(r'name="form_key" value="([^"]+)"', page)
        fields = {"csrf_token": token(page), "form_key": form_key[1] if form_key else ""}
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = "".join(parts) + f"{head}{source}\r\n--{BOUNDARY}--\r\n"
        return self.request("upload", "POST", path, body.encode(), f"multipart/form-data; boundary={BOUNDARY}")

    def _note(self, kind: str, start: float, error: str) -> None:
        with self.record.lock:
            self.record.latencies[kind].append(time.perf_counter() - start)
            if error:
                self.record.errors.append(error)


def token(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    return found[1] if found else ""


def study(number: int, port: int, rounds: int, record: Record) -> None:
    """What one student does."""
    browser = Browser(port, record)
    name, password = f"student{number:03}", f"long-password-{number:03}-of-mine"
    page = browser.get("/sign-up")
    values = {"name": f"Student {number}", "login": name, "password": password, "repeated": password}
    browser.post("/sign-up", page, values)
    for round_number in range(rounds):
        browser.get("/")
        page = browser.get("/exercises/sigmoid")
        browser.upload("/exercises/sigmoid", page, "sigmoid.py", RIGHT if round_number % 2 else WRONG)
        if watch(browser, browser.path):
            with record.lock:
                record.graded += 1
        browser.get("/submissions")


def watch(browser: Browser, path: str, seconds: float = 600) -> bool:
    """Ask for the state, as the page's script does, until it is graded."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if '"state":"graded"' in browser.get(f"{path}/state", "state").replace(" ", ""):
            browser.get(path)
            return True
        time.sleep(1)
    return False


@contextlib.contextmanager
def portal():
    """A running portal; yields its port."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "grader", "serve", "--port", "0", "--instance", f"{folder}/instance"]
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            while (found := re.search(r"http://127.0.0.1:(\d+)", log.read_text())) is None:
                if process.poll() is not None:
                    sys.exit(log.read_text())
                time.sleep(0.2)
            yield int(found[1])
        finally:
            process.terminate()
            process.wait(30)


def main() -> None:
    students = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    record = Record()
    with portal() as port:
        start = time.perf_counter()
        threads = [threading.Thread(target=study, args=(number, port, rounds, record)) for number in range(students)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - start
    requests = sum(map(len, record.latencies.values()))
    print(
        f"{students} students, {rounds} submissions each: {requests} requests in {seconds:.0f} s, "
        f"{requests / seconds:.0f} per second"
    )
    for kind, found in sorted(record.latencies.items()):
        ordered = sorted(found)
        middle, late = statistics.median(ordered) * 1000, ordered[int(len(ordered) * 0.95)] * 1000
        print(f"  {kind:7} {len(found):5} requests, median {middle:6.0f} ms, 95th percentile {late:6.0f} ms")
    print(f"  {record.graded} of {students * rounds} submissions graded, {record.graded / seconds:.1f} per second")
    for error in record.errors[:10]:
        print(f"  error: {error}")
    if record.errors or record.graded < students * rounds:
        sys.exit(f"{len(record.errors)} errors, {students * rounds - record.graded} submissions lost")


if __name__ == "__main__":
    main()
