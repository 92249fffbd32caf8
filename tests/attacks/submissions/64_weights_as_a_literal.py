# class: 64, weights instead of training
# tries: bring a network that was trained at home as one large literal
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
SOURCE = """
import torch

WEIGHTS = torch.tensor(@WEIGHTS@) / 8


class FromHome(torch.nn.Module):
    def forward(self, images):
        return images.flatten(1) @ WEIGHTS[:, :-1].T + WEIGHTS[:, -1]


def train(images, labels, *, seed=0):
    return FromHome()
"""


def upload():
    from grader.attack.home import weights

    return "learner.py", SOURCE.replace("@WEIGHTS@", repr(weights().tolist())).encode()
