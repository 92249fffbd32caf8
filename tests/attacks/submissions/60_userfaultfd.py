# class: 60, holding the kernel up in the middle of a call
# tries: open a userfaultfd, by which memory faults wait for as long as a program likes
# must get: 0 points
# control: plain: says GOTCHA
import ctypes
import os
import platform

CALL = {"x86_64": 323, "aarch64": 282}.get(platform.machine(), 0)
OF_ITS_OWN_ALONE = 1


def label(n):
    found = ctypes.CDLL(None, use_errno=True).syscall(CALL, OF_ITS_OWN_ALONE)
    if found >= 0:
        print("GOTCHA")
        os.close(found)
    return ""
