# class: 41, the wire itself
# tries: send updates of shared tensors, and releases, that make no sense
# must get: 0 points
# control: custom: wire_changes
import os
import struct
import sys

import msgspec


def wire():
    """Find the object by which this process answers the grader, and the number of the question."""
    frame = sys._getframe()
    while frame := frame.f_back:
        if "frame" in frame.f_locals and hasattr(frame.f_locals.get("self"), "channel"):
            return frame.f_locals["self"].channel, frame.f_locals["frame"][1]
    return None, 0


def send(channel, frame):
    body = msgspec.msgpack.encode(frame)
    data = struct.pack("<IB3x", len(body), 0) + body
    os.set_blocking(channel.fileno(), True)
    while data:
        data = data[os.write(channel.fileno(), data) :]


ODD = (
    [[0, [1], None, 1, None]],
    [[1, 0, 5, 0, None]],
    [[[], {}, 1, 2, 3]],
    7,
    [[0, 0, [6, 0, "float32", [2], None], 0, None]],
)


def answers(number):
    return [[1, number, [True, []], odd, [[0, -5], [1, 2**40]]] for odd in ODD]


def unlock(x):
    channel, number = wire()
    send(channel, answers(number)[number % len(ODD)])
    return x
