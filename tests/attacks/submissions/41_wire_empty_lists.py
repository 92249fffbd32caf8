# class: 53 and 41, the memory of the grader's own process
# tries: send eighteen million empty lists, a byte each on the wire and sixty-four in memory
# must get: 0 points
# control: custom: wire_empty_lists
import os
import struct
import sys


def wire():
    """Find the object by which this process answers the grader, and the number of the question."""
    frame = sys._getframe()
    while frame := frame.f_back:
        if "frame" in frame.f_locals and hasattr(frame.f_locals.get("self"), "channel"):
            return frame.f_locals["self"].channel, frame.f_locals["frame"][1]
    return None, 0


def body(count):
    return b"\x95\x01\x01\x92\xc0\x90\x90" + b"\xdd" + struct.pack(">I", count) + b"\x90" * count


def label(n):
    channel, _ = wire()
    data = body(18_000_000)
    data = struct.pack("<IB3x", len(data), 0) + data
    os.set_blocking(channel.fileno(), True)
    while data:
        data = data[os.write(channel.fileno(), data) :]
