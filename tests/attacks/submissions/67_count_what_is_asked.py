# class: 67, detecting the evaluation
# tries: tell training from evaluation by counting calls and images, and answer by the places of the published order
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
SOURCE = """
import torch

ANSWERS = "@ANSWERS@"
ASKED = 0


class Counts(torch.nn.Module):
    def forward(self, images):
        global ASKED
        start, ASKED = ASKED, ASKED + len(images)
        return torch.eye(10)[[int(name) for name in (ANSWERS * 2)[start % 797 : start % 797 + len(images)]]]


def train(images, labels, *, seed=0):
    global ASKED
    ASKED = 0
    return Counts()
"""


def upload():
    from grader.attack.home import digits

    return "learner.py", SOURCE.replace("@ANSWERS@", "".join(map(str, digits()[1][1000:].tolist()))).encode()
