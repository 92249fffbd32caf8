# class: 18, reading the labels of the points that were held out
# tries: when the model is called, find the labels in the caller and answer with them
# must get: 0 points
# control: plain: green test_tells_groups_apart
import sys

import torch


class Peek(torch.nn.Module):
    def forward(self, points):
        frame = sys._getframe()
        while frame := frame.f_back:
            if "held_labels" in frame.f_locals:
                return torch.nn.functional.one_hot(frame.f_locals["held_labels"], 3).float()
        return torch.zeros(len(points), 3)


def fit(points, labels):
    return Peek()
