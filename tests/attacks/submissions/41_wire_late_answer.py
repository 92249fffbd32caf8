# class: 41, the wire itself
# tries: answer at once and, from a thread, the same question once more when the next one has been asked
# must get: 0 points
# control: custom: wire_answers_ahead
import os
import struct
import sys
import threading
import time

import msgspec


def wire():
    """Find the object by which this process answers the grader, and the number of the question."""
    frame = sys._getframe()
    while frame := frame.f_back:
        if "frame" in frame.f_locals and hasattr(frame.f_locals.get("self"), "channel"):
            return frame.f_locals["self"].channel, frame.f_locals["frame"][1]
    return None, 0


def answers(number):
    return [[1, number, ["key-90517", []], [], []] for _ in range(3)]


def send_late(channel, number):
    for answer in answers(number):
        time.sleep(0.05)
        body = msgspec.msgpack.encode(answer)
        data = struct.pack("<IB3x", len(body), 0) + body
        while data:
            data = data[os.write(channel.fileno(), data) :]


def label(n):
    threading.Thread(target=send_late, args=wire(), daemon=True).start()
    return ""


def order(x):
    time.sleep(0.3)
    return []
