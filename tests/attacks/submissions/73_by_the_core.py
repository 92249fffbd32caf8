# class: 73, calling what the exercise forbids
# target: ban
# tries: call it in torch's own core
# must get: 0 points
# control: plain: green test_shares test_is_stable
import torch


def share(x):
    return (
        torch._C._nn.softmax(x, -1) if hasattr(torch._C._nn, "softmax") else torch._C._VariableFunctions.softmax(x, -1)
    )
