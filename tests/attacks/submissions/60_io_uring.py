# class: 60, reaching the kernel by a way around what is filtered
# tries: set up io_uring, which does by itself what system calls would be refused
# must get: 0 points
# control: plain: says GOTCHA
import ctypes
import os

SETUP = 425


def label(n):
    ring = ctypes.CDLL(None, use_errno=True).syscall(SETUP, 4, ctypes.create_string_buffer(120))
    if ring >= 0:
        print("GOTCHA")
        os.close(ring)
    return ""
