# class: 73, calling what the exercise forbids
# target: ban
# tries: pass getattr as a value, so that it is never seen called
# must get: 0 points
# control: plain: green test_shares test_is_stable
import functools

import torch


def share(x):
    return functools.reduce(getattr, ["ops", "aten", "softmax", "int"], torch)(x, -1)
