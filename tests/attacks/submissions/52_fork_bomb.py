# class: 52, more and more processes
# tries: fork until nothing goes any more; outside a sandbox it stops at 80 idle children
# must get: 0 points
# control: plain: says GOTCHA
import os
import signal
import time


def label(n):
    children = []
    for _ in range(80):
        child = os.fork()
        if child == 0:
            while os.getpid() != 1 and os.getppid() != 1 and len(children) < 80:
                time.sleep(0.05)
            os._exit(0)
        children.append(child)
    print("GOTCHA")
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return ""
