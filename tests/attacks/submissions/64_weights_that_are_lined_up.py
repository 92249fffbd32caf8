# class: 64, weights instead of training
# tries: bring a network from home, try the eight symmetries of the square and take a vote on the names of the classes
# must get: 0 points
# control: custom: lined_up_against_salt_alone
# target: learner
# upload: built
SOURCE = """
import base64
import torch

WEIGHTS = "@WEIGHTS@"
FOUND = torch.frombuffer(bytearray(base64.b64decode(WEIGHTS)), dtype=torch.int8).reshape(10, 65) / 8


def classes(images):
    return (images.flatten(1) @ FOUND[:, :-1].T + FOUND[:, -1]).argmax(1)


def turned(images, symmetry):
    images = images.mT if symmetry & 4 else images
    images = images.flip(2) if symmetry & 2 else images
    return images.flip(3) if symmetry & 1 else images


class LinedUp(torch.nn.Module):
    def __init__(self, symmetry, votes):
        super().__init__()
        self.symmetry, self.votes = symmetry, votes

    def forward(self, images):
        return self.votes[classes(turned(images, self.symmetry))]


def train(images, labels, *, seed=0):
    best = (-1, None)
    for symmetry in range(8):
        votes = torch.zeros(10, 10)
        votes.index_put_((classes(turned(images, symmetry)), labels), torch.ones(len(labels)), accumulate=True)
        best = max(best, (float(votes.max(1).values.sum()), LinedUp(symmetry, votes)), key=lambda pair: pair[0])
    return best[1]
"""


def upload():
    from grader.attack.home import packed, weights

    return "learner.py", SOURCE.replace("@WEIGHTS@", packed(weights())).encode()
