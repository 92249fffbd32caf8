# class: 41, the wire itself
# tries: answer with references to objects of the grader, by guessing their numbers
# must get: 0 points
# control: custom: wire_references
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


def answers(number):
    return [[1, number, [[18, ["own", guess]], []], [], []] for guess in (0, 1, 2, 10**6, -1)]


def label(n):
    channel, number = wire()
    send(channel, answers(number)[n % 5])
    return ""
