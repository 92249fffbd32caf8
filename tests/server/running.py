"""A portal in a process of its own, and somebody who uses it."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest


class RunningPortal:
    """``gradiente serve`` on a data directory, with more options and settings, and somebody with cookies."""

    def __init__(self, data: Path, *options: str, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "grader", "serve", "--port", str(port), "--instance", str(data), "--jobs", "1"]
        command += options
        self.log = (data.parent / "log").open("a+b")
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, text=True, env={**os.environ, **environment}
        )
        self.greeting = ""
        while "Ctrl+C" not in self.greeting:
            line = self.process.stdout.readline()
            assert line, (data.parent / "log").read_text()
            self.greeting += line
        self.address = re.search(r"http://127\.0\.0\.1:\d+", self.greeting)[0]
        self.cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(self.cookies)

    def read(self, path: str, **form: str):
        data = urllib.parse.urlencode(form).encode() if form else None
        with self.opener.open(urllib.parse.urljoin(self.address, path), data) as answer:
            return answer.url, answer.read().decode()

    def send(self, path: str, **form: str):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(path)[1])[1]
        return self.read(path, csrf_token=token, **form)

    def wait_for(self, page: str, state: str) -> dict:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            found = json.loads(self.read(page + "/state")[1])
            if found["state"] == state:
                return found
            time.sleep(0.05)
        pytest.fail(f"still {found}")

    def log_in_as_demo(self, greeting: str = "") -> None:
        login, password = re.search(r"user name (\w+), password (\S+)", greeting or self.greeting).groups()
        self.send("/log-in", login=login, password=password)

    def kill(self) -> None:
        """As a power cut would, as far as the process is concerned."""
        self.process.kill()
        self.process.wait(30)
        self.process.stdout.close()
        self.log.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.log.close()
        return status
