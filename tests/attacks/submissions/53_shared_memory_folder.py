# class: 53, taking memory through /dev/shm
# tries: write 200 MB there
# must get: 0 points
# control: plain: says GOTCHA
import contextlib
import os


def label(n):
    try:
        with open("/dev/shm/gotcha-big", "wb", buffering=0) as file:
            written = sum(file.write(b"x" * (1 << 20)) for _ in range(200))
        print("GOTCHA" if written == 200 << 20 else "")
    finally:
        with contextlib.suppress(OSError):
            os.unlink("/dev/shm/gotcha-big")
    return ""
