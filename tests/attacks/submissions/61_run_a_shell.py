# class: 61, starting other programs
# tries: run a shell, and Python itself, by every way there is
# must get: 0 points
# control: plain: says GOTCHA
import os
import subprocess
import sys


def label(n):
    for command in (["/bin/sh", "-c", "echo GOTCHA"], [sys.executable, "-c", "print('GOTCHA')"], ["/bin/ls", "/"]):
        try:
            print(subprocess.run(command, capture_output=True, text=True, timeout=2, check=False).stdout)
        except (OSError, subprocess.SubprocessError):
            continue
    os.system("echo GOTCHA")
    return ""
