# class: 16, leaving something for the next grading
# tries: keep a segment of System V memory, which outlives every process, and look for an earlier one
# must get: 0 points
# times: 2
# control: plain: says GOTCHA
import ctypes

KEY, CREATE, REMOVE = 0x6072, 0o1666, 0

libc = ctypes.CDLL(None, use_errno=True)
found = libc.shmget(KEY, 4096, 0)
if found >= 0:
    print("GOTCHA")
    libc.shmctl(found, REMOVE, None)
else:
    libc.shmget(KEY, 4096, CREATE)
