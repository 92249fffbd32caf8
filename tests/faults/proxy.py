"""A way to a server that can be cut, closed, and made to lose a COMMIT or its answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

#: asked with a connection's number and a piece of it; what it returns is forwarded, None: both ends are cut
Filter = Callable[[int, bytes], bytes | None]


class Proxy:
    """Forwards connections to a port of this machine. While it is closed, they are refused."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        #: of what clients send, and of what they are answered
        self.filter: Filter = lambda connection, piece: piece
        self.answers: Filter = lambda connection, piece: piece
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Let connections in."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse connections, and cut those that there are."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.cut()

    def cut(self) -> None:
        """Cut all connections."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            self._end(pair)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self._target, 10)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            pair = (client, server)
            with self._lock:
                self._pairs.add(pair)
            threading.Thread(target=self._forward, args=(pair, client, server, True), daemon=True).start()
            threading.Thread(target=self._forward, args=(pair, server, client, False), daemon=True).start()

    def _forward(
        self, pair: tuple[socket.socket, socket.socket], source: socket.socket, to: socket.socket, is_client: bool
    ) -> None:
        try:
            while piece := source.recv(1 << 16):
                found = (self.filter if is_client else self.answers)(id(pair), piece)
                if found is None:
                    break
                to.sendall(found)
        except OSError:
            pass
        self._end(pair)

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with self._lock:
            self._pairs.discard(pair)
        for each in pair:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


class Commits:
    """Loses COMMITs that pass: on their way, or their answers after they were done."""

    def __init__(self, proxy: Proxy) -> None:
        self._lock = threading.Lock()
        self._left, self._after, self._is_done_first = 0, b"", False
        #: connections that have sent what is to come before, and those whose commit's answer is to be lost
        self._marked: set[int] = set()
        self._awaited: set[int] = set()
        #: how many were lost
        self.lost = 0
        proxy.filter, proxy.answers = self._sent, self._answered

    def lose(self, count: int, *, after: bytes, is_done_first: bool) -> None:
        """Lose so many, of transactions that send this; ``is_done_first``: the server does them, and nobody hears."""
        with self._lock:
            self._left, self._after, self._is_done_first = count, after, is_done_first

    def _sent(self, connection: int, piece: bytes) -> bytes | None:
        with self._lock:
            if self._left and self._after in piece:
                self._marked.add(connection)
            if connection not in self._marked or b"COMMIT" not in piece:
                return piece
            self._marked.discard(connection)
            self._left -= 1
            self.lost += 1
            if not self._is_done_first:
                return None
            self._awaited.add(connection)
            return piece

    def _answered(self, connection: int, piece: bytes) -> bytes | None:
        # The command that was completed is named: only then it is done.
        with self._lock:
            if connection not in self._awaited or b"COMMIT\0" not in piece:
                return piece
            self._awaited.discard(connection)
            return None
