# class: 56, a loop without end in the test itself
# tries: yield for ever, each step well inside the time for one call
# must get: 0 points
# control: plain: hangs
import torch


def steps(n):
    while True:
        yield torch.zeros(())
