# class: 73, calling what the exercise forbids
# target: ban
# tries: import the function under another name
# must get: 0 points
# control: plain: green test_shares test_is_stable
from torch import softmax as helper


def share(x):
    return helper(x, -1)
