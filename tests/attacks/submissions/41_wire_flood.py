# class: 41, the wire itself
# tries: ask the grader questions without a pause, so that it never looks at the clock
# must get: 0 points
# control: custom: wire_always_busy
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


def label(n):
    channel, _ = wire()
    question = [0, 1, ["len", 0, "", [], [], False], [], []]
    for _ in range(50):
        send(channel, question)
    while True:
        os.read(channel.fileno(), 1 << 16)
        for _ in range(50):
            send(channel, question)
