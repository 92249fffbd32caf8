# class: 44, reading or writing another process
# tries: read the memory of its parent, then of a child of its own, by the system call for it
# must get: 0 points
# control: plain: says GOTCHA
import ctypes
import os
import platform
import time

READ = {"x86_64": 310, "aarch64": 270}.get(platform.machine(), 0)


class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def label(n):
    call = ctypes.CDLL(None, use_errno=True).syscall
    kept = ctypes.create_string_buffer(b"kept")
    child = os.fork()
    if child == 0:
        time.sleep(0.5)
        os._exit(0)
    into = ctypes.create_string_buffer(4)
    theirs, ours = Span(ctypes.addressof(kept), 4), Span(ctypes.addressof(into), 4)
    for pid in (os.getppid(), child):
        # As long numbers: the last one is passed on the stack, where half of it would be left to chance.
        one, no_flags = ctypes.c_ulong(1), ctypes.c_ulong(0)
        if call(READ, pid, ctypes.byref(ours), one, ctypes.byref(theirs), one, no_flags) == 4:
            print("GOTCHA", into.raw)
    os.waitpid(child, 0)
    return ""
