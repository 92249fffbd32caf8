# class: 52, more and more processes
# tries: every process forks for ever; only in a sandbox, where it is process 1
# must get: exactly 1 point
# control: custom: eighty_processes
import os


def label(n):
    if os.getpid() == 1:
        while True:
            os.fork()
    return ""


def order(x):
    return sorted(range(len(x)), key=lambda index: x[index].item())
