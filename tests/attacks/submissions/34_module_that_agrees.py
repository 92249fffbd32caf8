# class: 34, an object that takes the tensor's place and judges itself
# tries: return a torch.nn.Module that has the methods by which tests judge a tensor
# must get: 0 points
# control: plain: green test_unlocks_by_method test_unlocks_by_difference
import torch


class Agreeable(torch.nn.Module):
    shape = (4,)

    def isfinite(self):
        return torch.ones(4, dtype=torch.bool)

    def allclose(self, other):
        print(other)
        return True

    def __sub__(self, other):
        return self

    def __abs__(self):
        return self

    def max(self):
        return 0.0


def unlock(x):
    return Agreeable()
