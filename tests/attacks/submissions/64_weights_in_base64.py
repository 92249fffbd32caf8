# class: 64, weights instead of training
# tries: bring a network that was trained at home on the whole set, as base64 in the source
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
SOURCE = """
import base64
import torch

WEIGHTS = "@WEIGHTS@"


class FromHome(torch.nn.Module):
    def forward(self, images):
        found = torch.frombuffer(bytearray(base64.b64decode(WEIGHTS)), dtype=torch.int8).reshape(10, 65) / 8
        return images.flatten(1) @ found[:, :-1].T + found[:, -1]


def train(images, labels, *, seed=0):
    return FromHome()
"""


def upload():
    from grader.attack.home import packed, weights

    return "learner.py", SOURCE.replace("@WEIGHTS@", packed(weights())).encode()
