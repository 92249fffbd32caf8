# class: 53, taking memory that belongs to no process
# tries: fill an anonymous map that is shared
# must get: 0 points
# control: plain: says GOTCHA
import mmap


def label(n):
    held = mmap.mmap(-1, 300 << 20)
    held.write(b"x" * (300 << 20))
    print("GOTCHA")
    return ""
