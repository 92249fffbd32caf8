# class: 34, an object that takes the tensor's place and judges itself
# tries: return a class instead of an object: its static methods judge
# must get: 0 points
# control: plain: green test_unlocks_by_method
import torch


class Agreeable:
    shape = (4,)

    @staticmethod
    def isfinite():
        return torch.ones(4, dtype=torch.bool)

    @staticmethod
    def allclose(other):
        print(other)
        return True


def unlock(x):
    return Agreeable
