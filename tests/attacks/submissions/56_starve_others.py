# class: 56, taking the processors from others
# tries: keep sixty processes busy while another submission is graded
# must get: 0 points
# beside: an honest grading
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
