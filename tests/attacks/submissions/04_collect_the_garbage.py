# class: 4, finding expected values among all objects of the process
# tries: find the test's function with gc and take the number from its code
# must get: 0 points
# control: plain: green test_unlocks_a_secret
import gc
from types import FunctionType

import torch


def unlock(x):
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__name__ == "test_unlocks_a_secret":
            numbers = [item for item in thing.__code__.co_consts if isinstance(item, float)]
            return torch.tensor([max(numbers)])
    return None
