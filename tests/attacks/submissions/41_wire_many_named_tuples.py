# class: 56 and 41, the time of the grader's own process
# tries: answer with a hundred thousand named tuples, for each of which a class is made
# must get: 0 points
# control: custom: named_tuples_are_large
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


def answers(number, count=100_000):
    return [[1, number, [[0, [[16, f"T{k}", ["a"], [None]] for k in range(count)]], []], [], []]]


def keys(numbers):
    channel, number = wire()
    send(channel, answers(number)[0])
