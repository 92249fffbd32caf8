# class: 56 and 41, the time of the grader's own process
# tries: answer with a set of numbers that all have one hash
# must get: 0 points
# within: 10 s
# control: custom: colliding_numbers
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


def answers(number, count=40_000):
    numbers = [[9, (k * (2**61 - 1)).to_bytes(16, "little", signed=True)] for k in range(8, count)]
    return [[1, number, [[3, numbers], []], [], []]]


def keys(numbers):
    channel, number = wire()
    send(channel, answers(number)[0])
