# class: 56, stretching the deadline
# tries: keep sixty processes busy, so that the one that is timed seems to be waiting for a processor through no fault
# must get: 0 points
# within: 15 s
# control: custom: waits_for_a_processor
import os


def label(n):
    if os.getpid() == 1:
        for _ in range(60):
            if os.fork() == 0:
                while True:
                    pass
        while True:
            pass
    return ""
