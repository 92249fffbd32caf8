# class: 16, leaving something for the next grading
# tries: keep a key in the kernel's keyring, which every process of the session has, and look for an earlier one
# must get: 0 points
# times: 2
# control: plain: says GOTCHA
import ctypes
import platform

ADD, KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(platform.machine(), (0, 0))
SESSION, UNLINK, SEARCH = -3, 9, 10

call = ctypes.CDLL(None, use_errno=True).syscall
call.restype = ctypes.c_long
found = call(KEYCTL, SEARCH, SESSION, b"user", b"gotcha", 0)
if found > 0:
    print("GOTCHA")
    call(KEYCTL, UNLINK, found, SESSION)
else:
    call(ADD, b"user", b"gotcha", b"7", 1, SESSION)
