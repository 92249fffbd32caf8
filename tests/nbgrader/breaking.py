"""A connection that breaks: stands between a program and a portal, and cuts what is answered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

ALL = 1 << 40


class Line:
    """A line to a portal. Of each answer it lets through as many bytes as the plan says, and all when that is over."""

    def __init__(self, url: str) -> None:
        self.target = (urlsplit(url).hostname, urlsplit(url).port)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.plan: list[int] = []
        #: what was asked: first line and headers
        self.asked: list[str] = []

    def run(self) -> None:
        while True:
            try:
                near = self.server.accept()[0]
            except OSError:  # closed
                return
            with near, socket.create_connection(self.target) as far:
                threading.Thread(target=self._forward, args=(near, far), daemon=True).start()
                self._answer(near, far)

    def _forward(self, near: socket.socket, far: socket.socket) -> None:
        try:
            head = near.recv(1 << 16)
            self.asked.append(head.partition(b"\r\n\r\n")[0].decode("latin-1"))
            while head:
                far.sendall(head)
                head = near.recv(1 << 16)
        except OSError:
            pass

    def _answer(self, near: socket.socket, far: socket.socket) -> None:
        answer = b""
        while part := far.recv(1 << 16):
            answer += part
        near.sendall(answer[: self.plan.pop(0) if self.plan else ALL])
        near.shutdown(socket.SHUT_RDWR)


@contextmanager
def breaking(url: str) -> Iterator[Line]:
    """Run a line to a portal."""
    line = Line(url)
    thread = threading.Thread(target=line.run, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        # A thread that waits in accept() does not notice that the socket is closed.
        line.server.shutdown(socket.SHUT_RDWR)
        line.server.close()
        thread.join(10)
