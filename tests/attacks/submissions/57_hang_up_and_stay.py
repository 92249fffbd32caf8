# class: 57, outliving the time limit
# tries: close the connection to the grader, so that the process looks ended, and stay
# must get: 0 points
# within: 10 s
# within: 10 s
# control: custom: closing_is_not_ending
import os
import time


def label(n):
    if os.getpid() == 1:
        os.closerange(3, 256)
        time.sleep(60)
    return ""
