# class: 73, calling what the exercise forbids
# target: ban
# tries: look for the layer among all subclasses
# must get: 0 points
# control: plain: green test_shares test_is_stable
import torch


def walk(kind):
    for below in type.__subclasses__(kind):
        yield below
        yield from walk(below)


def share(x):
    base = next(kind for kind in walk(object) if kind.__name__ == "Module" and kind.__module__.startswith("torch.n"))
    layer = next(kind for kind in walk(base) if kind.__name__ == "Softmax")
    return layer(dim=-1)(x.to(torch.float32))
