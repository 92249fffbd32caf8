# class: 16, leaving files for the next grading
# tries: write wherever it can, and read what an earlier grading left there
# must get: 0 points
# times: 2
# control: plain: says GOTCHA
import os
import tempfile
from pathlib import Path


def label(n):
    for place in (tempfile.gettempdir(), "/dev/shm", os.path.expanduser("~"), "/var/tmp", "/run", os.getcwd()):
        path = Path(place, "gotcha-from-the-last-one")
        try:
            if path.exists() and n > 1:
                print("GOTCHA")
                path.unlink()
            elif n == 1:
                path.touch()
        except OSError:
            continue
    return ""
