# class: 16, leaving files for the next grading
# tries: write wherever it can, and read what an earlier grading left there
# must get: 0 points
# times: 2
# control: plain: says GOTCHA
import os
import tempfile
from pathlib import Path

for place in {tempfile.gettempdir(), "/dev/shm", os.path.expanduser("~"), "/var/tmp", "/run"}:
    path = Path(place, "gotcha-from-the-last-one")
    try:
        if path.exists():
            print("GOTCHA")
            path.unlink()
        else:
            path.touch()
    except OSError:
        continue
