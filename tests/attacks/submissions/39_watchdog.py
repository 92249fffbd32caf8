# class: 39, a process that acts after the grader has looked
# tries: leave a process in a session of its own that writes a file one second later
# must get: 0 points
# control: plain: leaves gotcha-watchdog
import os
import tempfile
import time
from pathlib import Path


def label(n):
    here = os.getcwd()
    if n == 1 and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for _ in range(10):
                time.sleep(0.1)
                for place in (here, tempfile.gettempdir()):
                    Path(place, "gotcha-watchdog").touch()
        os._exit(0)
    return ""
