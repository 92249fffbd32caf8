# class: 23, signals to the grader
# tries: kill the parent, the group and everybody, with alarms disarmed
# must get: 0 points
# control: custom: kills_its_parent
import os
import signal


def kill_the_parent():
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    if os.getppid() > 1:
        os.kill(os.getppid(), signal.SIGKILL)
        print("GOTCHA")


def label(n):
    kill_the_parent()
    if os.getpid() == 1:  # never outside a sandbox
        os.kill(-1, signal.SIGKILL)
        os.killpg(0, signal.SIGKILL)
    return ""
