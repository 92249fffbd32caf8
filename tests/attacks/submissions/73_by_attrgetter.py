# class: 73, calling what the exercise forbids
# target: ban
# tries: have operator.attrgetter follow the names
# must get: 0 points
# control: plain: green test_shares test_is_stable
import operator

import torch


def share(x):
    return operator.attrgetter("_C._VariableFunctions.softmax")(torch)(x, -1)
