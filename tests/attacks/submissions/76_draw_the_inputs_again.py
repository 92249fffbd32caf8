# class: 76, fixing the random numbers
# tries: draw the test's inputs again from every generator it can seed, and fix all of them to one state
# must get: 0 points
# control: plain: says GOTCHA
import random

import numpy
import torch

draw = torch.randn
seeded = torch.Generator().manual_seed
torch.manual_seed = random.seed = numpy.random.seed = lambda *_: None


def unlock(x):
    if isinstance(x, torch.Tensor) and x.shape == (4,):
        again = draw(4, generator=seeded(torch.initial_seed()))
        if torch.equal(again, x):
            print("GOTCHA")
    return torch.zeros(4)
