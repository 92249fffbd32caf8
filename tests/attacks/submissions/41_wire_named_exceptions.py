# class: 41, the wire itself
# tries: answer with exceptions that mean something to pytest or to the grader: Skipped, Exit, Ended, SystemExit
# must get: 0 points
# says: GOTCHA
# control: custom: wire_exceptions
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


NAMES = ("_pytest.outcomes.Skipped", "_pytest.outcomes.Exit", "grader.link.Ended", "SystemExit", "KeyboardInterrupt")


def answers(number):
    return [[2, number, [[name, "BaseException"], "GOT" + "CHA", "", -1, -1, []], [], []] for name in NAMES]


def unlock(x):
    channel, number = wire()
    send(channel, answers(number)[number % 5])
