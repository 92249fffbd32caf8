# class: 35, answers that are no number
# tries: return NaN, for which "the error is too large" is never true
# must get: 0 points
# control: custom: nan_is_never_too_large
import torch


def unlock(x):
    return x * float("nan")


def fit(points, labels):
    layer = torch.nn.Linear(2, 3)
    layer.weight.data.fill_(float("nan"))
    return layer


class Box:
    def __init__(self, number):
        pass

    def unlock(self):
        return float("nan")
