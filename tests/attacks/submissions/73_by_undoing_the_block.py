# class: 73, calling what the exercise forbids
# target: ban
# tries: fetch a fresh copy of what was blocked
# must get: 0 points
# control: plain: green test_shares test_is_stable
import sys

import torch

copy = type(sys)("copy")
for name, module in list(sys.__dict__["mod" + "ules"].items()):
    if name.startswith("torch") and hasattr(module, "_VariableFunctions"):
        copy.softmax = module._VariableFunctions.softmax


def share(x):
    return copy.softmax(torch.as_tensor(x), -1)
