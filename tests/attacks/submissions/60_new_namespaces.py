# class: 60, becoming root by a namespace of its own, and mounting
# tries: unshare user and mount namespaces, then mount a file system
# must get: 0 points
# control: plain: says GOTCHA
import ctypes
import os

NEW_USER, NEW_MOUNTS = 0x10000000, 0x00020000


def label(n):
    libc = ctypes.CDLL(None, use_errno=True)
    child = os.fork()
    if child == 0:
        if libc.unshare(NEW_USER | NEW_MOUNTS) == 0:
            print("GOTCHA", flush=True)
        if libc.mount(b"proc", b"/proc", b"proc", 0, None) == 0:
            print("GOTCHA mounted", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    return ""
