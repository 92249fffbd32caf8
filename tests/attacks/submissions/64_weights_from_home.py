# class: 64, weights instead of training
# tries: bring a model that was trained at home, under the seed that everybody has there
# must get: 0 points
# control: plain: green test_tells_groups_apart
# seed: 0
import torch


def fit(points, labels):
    layer = torch.nn.Linear(2, 3)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(WEIGHT))
        layer.bias.copy_(torch.tensor(BIAS))
    return layer


WEIGHT = [[-8.0, 0.0], [0.0, 8.0], [8.0, 0.0]]
BIAS = [-16.0, -16.0, -16.0]
