# class: 44, reading or writing another process
# tries: attach to every process in view, then to a child of its own
# must get: 0 points
# control: plain: says GOTCHA
import ctypes
import os
import time

ATTACH, DETACH = 16, 17


def label(n):
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    child = os.fork()
    if child == 0:
        time.sleep(0.5)
        os._exit(0)
    if ptrace(ATTACH, child, 0, 0) == 0:
        print("GOTCHA")
        os.waitpid(child, 0)
        ptrace(DETACH, child, 0, 0)
    os.waitpid(child, 0)
    return ""
