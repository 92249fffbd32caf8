# class: 53, taking the host's memory with many processes that each stay small
# tries: fill 120 MB in each of six processes
# must get: 0 points
# beside: an honest grading
# control: plain: says GOTCHA 720
import os
import time


def label(n):
    reader, writer = os.pipe()
    for _ in range(6):
        if os.fork() == 0:
            held = bytearray(b"x") * (120 << 20)
            os.write(writer, b"." if held else b"")
            time.sleep(0.8)
            os._exit(0)
    filled = 0
    while filled < 6:
        filled += len(os.read(reader, 6))
    time.sleep(0.3)
    print("GOTCHA", 120 * filled)
    return ""
