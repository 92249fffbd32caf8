# class: 60, making the grader follow a link
# tries: put links to the host's files where the grader reads and writes
# must get: 0 points
# control: plain: says GOTCHA
import os
from pathlib import Path


def label(n):
    for target in ("/etc/passwd", "/proc/1/root/etc/passwd", "/proc/1/cwd/../../etc/passwd", "/etc/shadow"):
        link = Path("gotcha-link")
        if link.is_symlink():
            link.unlink()
        os.symlink(target, link)
        try:
            print("GOTCHA", link.read_text())
        except OSError:
            continue
    return ""
