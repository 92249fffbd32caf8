# class: 57, outliving the time limit
# tries: ignore every signal, leave the session and fork twice, then keep the call waiting
# must get: 0 points
# control: plain: leaves gotcha-survivor
import os
import signal
import tempfile
import time
from pathlib import Path


def label(n):
    here = os.getcwd()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(2.5)
            for place in (here, tempfile.gettempdir()):
                Path(place, "gotcha-survivor").touch()
        os._exit(0)
    time.sleep(1.5)
    return ""
