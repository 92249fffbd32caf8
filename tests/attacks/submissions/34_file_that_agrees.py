# class: 34, an object that takes the tensor's place and judges itself
# tries: return the submission's own module, which has the functions by which tests judge a tensor
# must get: 0 points
# control: plain: green test_unlocks_by_method
import sys

import torch

shape = (4,)


def isfinite():
    return torch.ones(4, dtype=torch.bool)


def allclose(other):
    print(other)
    return True


def unlock(x):
    return sys.modules[__name__]
