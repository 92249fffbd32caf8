# class: 41, the wire itself
# tries: announce four gigabytes, then send nothing more
# must get: 0 points
# control: custom: wire_announces
import os
import struct
import sys
import time


def wire():
    """Find the object by which this process answers the grader, and the number of the question."""
    frame = sys._getframe()
    while frame := frame.f_back:
        if "frame" in frame.f_locals and hasattr(frame.f_locals.get("self"), "channel"):
            return frame.f_locals["self"].channel, frame.f_locals["frame"][1]
    return None, 0


def label(n):
    channel, _ = wire()
    os.write(channel.fileno(), struct.pack("<IB3x", 0xFFFFFFFF, 0))
    time.sleep(30)
