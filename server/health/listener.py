"""A small web server beside a process that is none: metrics and checks of a worker or a scheduler.

It asks nobody who they are. Give it an address that only the monitoring reaches.
"""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from grader.errors import InfrastructureError
from server.health.checks import Checks
from server.health.exposition import CONTENT_TYPE, Exposition

JSON = "application/json"
ALIVE = b'{"status": "ok"}\n'
#: seconds that somebody may take to ask
PATIENCE = 10.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], listener: Listener) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.listener = listener
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever hangs up in the middle is no event."""


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE
    server_version, sys_version = "Gradiente", ""

    def do_GET(self) -> None:
        """Answer."""
        assert isinstance(self.server, _Server)
        status, kind, body = self.server.listener.answer(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *values: Any) -> None:
        """Write nothing: it is asked every few seconds."""


class Listener:
    """``/metrics``, ``/healthz`` and ``/readyz`` of this process."""

    def __init__(self, address: str, exposition: Exposition, checks: Checks) -> None:
        """``address``: HOST:PORT, [HOST]:PORT or PORT alone for this machine. Raises InfrastructureError."""
        self._exposition = exposition
        self._checks = checks
        host, _, port = address.rpartition(":")
        try:
            self._server = _Server((host.strip("[]") or "127.0.0.1", int(port)), self)
        except (OSError, ValueError, OverflowError) as error:
            raise InfrastructureError(
                f"--metrics {address}: {error}. Say HOST:PORT of this machine that is free, such as 127.0.0.1:9100.",
                f"--metrics {address}: {error}. Diga HOST:PORTA livre desta máquina, como 127.0.0.1:9100.",
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="metrics", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Begin. The grader must have been started before: threads and forks do not go together."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join(10)
        self._server.server_close()

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, kind and body for a path."""
        if path == "/metrics":
            return 200, CONTENT_TYPE, self._exposition.write()
        if path == "/healthz":
            return 200, JSON, ALIVE
        if path == "/readyz":
            return readiness(self._checks)
        return 404, JSON, b'{"status": "there is /metrics, /healthz and /readyz"}\n'


def readiness(checks: Checks) -> tuple[int, str, bytes]:
    """The answer of ``/readyz``: 200 or 503, and a line for each part."""
    found = checks.look()
    told = {"status": "ok" if found.is_ready else "not ready", "parts": found.parts}
    return 200 if found.is_ready else 503, JSON, msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"
