# class: 53, taking memory that belongs to no process
# tries: fill a memory file, which no limit of a process counts
# must get: 0 points
# control: plain: says GOTCHA
import os


def label(n):
    memory = os.memfd_create("gotcha")
    os.truncate(memory, 300 << 20)
    for offset in range(0, 300 << 20, 1 << 20):
        os.pwrite(memory, b"x" * (1 << 20), offset)
    print("GOTCHA")
    return ""
