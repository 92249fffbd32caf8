"""Frames over a socket pair: eight bytes of length and flags, a msgpack body, and at most one descriptor.

Reading waits with a deadline and meanwhile lets others be heard (the candidate's output pipe). Everything that can go
wrong is one of three exceptions, so that no caller meets an OSError.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import msgpack

_HEADER = struct.Struct("<IB3x")


class ChannelClosed(Exception):
    """The other side is gone."""


class ChannelTimeout(Exception):
    """Nothing came before the deadline."""


class MalformedFrame(Exception):
    """The other side does not speak the protocol."""


class FrameTooBig(Exception):
    """A frame that is larger than the channel takes; nothing of it was sent."""


class Channel:
    """One end of a connection. ``listen`` maps further descriptors to what is to be done when they can be read.

    ``has_maps``: whether frames may hold maps. From a stranger none is read: its keys could be made to collide, and a
    map of n such keys costs n² comparisons in the decoder, which no deadline reaches.
    """

    def __init__(self, sock: socket.socket, limit: int = 1 << 30, *, has_maps: bool = True) -> None:
        self._socket = sock
        self._limit = limit
        self._most_pairs = limit if has_maps else 0
        self._listeners: dict[int, Callable[[], None]] = {}
        #: asked at the deadline: a later one, or None
        self.overtime: Callable[[float], float | None] | None = None
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def listen(self, fd: int, heard: Callable[[], None]) -> None:
        """Call ``heard`` whenever ``fd`` can be read while this channel waits."""
        self._listeners[fd] = heard
        self._poll.register(fd, select.POLLIN)

    def ignore(self, fd: int) -> None:
        """Stop listening to ``fd``."""
        if self._listeners.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def send(self, frame: Any, fd: int = -1, *, timeout: float | None = None) -> None:
        """Send one frame with at most one descriptor, which stays open here."""
        body = msgpack.packb(frame)
        if len(body) > self._limit:
            raise FrameTooBig(f"more than {self._limit >> 20} MiB of texts, numbers and lists")
        self._socket.settimeout(timeout)
        head = _HEADER.pack(len(body), fd >= 0)
        try:
            if fd >= 0:
                socket.send_fds(self._socket, [head], [fd])
                self._socket.sendall(body)
            else:
                self._socket.sendall(head + body)
        except TimeoutError as error:
            raise ChannelTimeout from error
        except OSError as error:
            raise ChannelClosed from error

    def receive(self, deadline: float | None = None) -> tuple[Any, int]:
        """The next frame and its descriptor (-1: none). ``deadline`` is on ``time.monotonic``'s clock."""
        head, fds = self._head(deadline)
        try:
            size, has_fd = _HEADER.unpack(head)
            if size > self._limit or has_fd > 1 or len(fds) != has_fd:
                raise MalformedFrame(f"a header that announces {size} bytes and {has_fd} descriptors")
            body = self._exactly(size, deadline)
            return self._parse(body), fds.pop() if fds else -1
        finally:
            for fd in fds:
                os.close(fd)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _parse(self, body: bytearray) -> Any:
        try:
            return msgpack.unpackb(body, strict_map_key=False, max_map_len=self._most_pairs, max_ext_len=0)
        except (ValueError, TypeError) as error:  # a TypeError: a key that cannot be hashed
            raise MalformedFrame(f"not msgpack: {error}") from error

    def _head(self, deadline: float | None) -> tuple[bytes, list[int]]:
        self._wait(deadline)
        self._socket.settimeout(0)
        try:
            head, fds, _, _ = socket.recv_fds(self._socket, _HEADER.size, 1)
        except OSError as error:
            raise ChannelClosed from error
        if not head:
            raise ChannelClosed
        try:
            return head + self._exactly(_HEADER.size - len(head), deadline), list(fds)
        except BaseException:
            for fd in fds:
                os.close(fd)
            raise

    def _exactly(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(min(size, 1 << 20))  # grows with what really comes, not with what was announced
        done = 0
        while done < size:
            if done == len(data):
                data.extend(bytes(min(size - done, len(data))))
            with memoryview(data) as view:
                done += self._into(view[done : min(size, len(data))], deadline)
        del data[size:]
        return data

    def _into(self, view: memoryview, deadline: float | None) -> int:
        while True:
            with contextlib.suppress(BlockingIOError):
                try:
                    count = self._socket.recv_into(view)
                except BlockingIOError:
                    raise
                except OSError as error:
                    raise ChannelClosed from error
                if not count:
                    raise ChannelClosed
                return count
            self._wait(deadline)

    def _wait(self, deadline: float | None) -> None:
        """Return when the socket can be read."""
        while True:
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = self._poll.poll(timeout)
            # Looked at on every turn: a side that never falls silent must not have for ever.
            if deadline is not None and time.monotonic() >= deadline:
                deadline = self.overtime(deadline) if self.overtime else None
                if deadline is None:
                    raise ChannelTimeout
            for fd, _ in ready:
                if fd in self._listeners:
                    self._listeners[fd]()
            if any(fd == self._socket.fileno() for fd, _ in ready):
                return
