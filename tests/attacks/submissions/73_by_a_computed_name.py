# class: 73, calling what the exercise forbids
# target: ban
# tries: put the name together at run time
# must get: 0 points
# control: plain: green test_shares test_is_stable
import torch


def share(x):
    return getattr(torch, "".join(["soft", "max"]))(x, -1)
