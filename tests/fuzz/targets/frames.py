"""The channel: bytes as they come off the socket, read as an examiner reads them from a candidate."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time

import msgpack

from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout, MalformedFrame
from grader.wire.values import FRAME

KIND = "bytes"
ALLOWED = (MalformedFrame, ChannelClosed, ChannelTimeout)
#: a byte of a frame can become an empty list: 72 bytes, and 8 in the list that holds it
MEMORY = 96 * FRAME


def frame(tree: object, size: int | None = None, flags: int = 0) -> bytes:
    body = msgpack.packb(tree)
    return struct.pack("<IB3x", len(body) if size is None else size, flags) + body


#: lists within lists that each announce as many elements as the limit of a frame allows
NESTED = b"\xdd\x00\x3f\x00\x00" * 1000

SEEDS = [
    frame([1, 1, [None, []], [], []]),
    frame([2, 7, [["ValueError"], "text", "", 0, -1, []], [], [[3, 1]]]),
    frame([0, 1, ["call", 1, "", [1.5, [0, [1, 2]]], [["x", "y"]], True, None], [], []]),
    frame([1, 1, [b"\0" * 300, []], [], []]) * 2,
    frame({"a": 1}),
    frame([], FRAME),
    frame([], FRAME + 1),
    frame([], flags=1),
    struct.pack("<IB3x", 5000, 0) + NESTED[:5000],
]


def run(data: bytes) -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(ours, FRAME, has_maps=False)
    sender = threading.Thread(target=_send, args=(theirs, data))
    sender.start()
    try:
        while True:
            _, fd = channel.receive(time.monotonic() + 5)
            assert fd == -1
    finally:
        channel.close()
        sender.join()


def _send(sock: socket.socket, data: bytes) -> None:
    with sock, contextlib.suppress(OSError):  # the reader may refuse before the end
        sock.sendall(data)
