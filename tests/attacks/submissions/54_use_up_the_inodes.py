# class: 54, using up the inodes
# tries: make 6,000 empty files
# must get: 0 points
# control: plain: says GOTCHA
import os
import tempfile


def label(n):
    folder = tempfile.mkdtemp(prefix="gotcha")
    for number in range(6000):
        os.close(os.open(f"{folder}/{number}", os.O_CREAT | os.O_WRONLY))
    print("GOTCHA")
    return ""
