# class: 66, training on what is asked later
# tries: keep the examples of every training with their names, and answer from them when they are asked about later
# must get: 0 points
# control: custom: remembers_what_was_taught
# target: learner
import torch

#: what of an image no symmetry and no dither changes -> for each training the name that its class had
KNOWN = {}


def keys(images):
    coarse = (images[:, 0] * 16).round()
    both = torch.cat([coarse, coarse.mT], 1).sort(2).values
    return [tuple(sorted(map(tuple, image))) for image in both.int().tolist()]


class Remembers(torch.nn.Module):
    def __init__(self, number, images, labels):
        super().__init__()
        self.number = number
        for key, label in zip(keys(images), labels.tolist()):  # noqa: B905  students need not be strict
            KNOWN.setdefault(key, {})[number] = label
        # what a class was called in each training -> what it is called in this one
        self.names = {}
        for names in KNOWN.values():
            if number in names:
                self.names |= dict.fromkeys(names.items(), names[number])

    def forward(self, images):
        answers = torch.zeros(len(images), 10)
        for row, key in enumerate(keys(images)):
            for other, label in KNOWN.get(key, {}).items():
                answers[row, self.names.get((other, label), 0)] += 1
        return answers


def train(images, labels, *, seed=0):
    return Remembers(seed, images, labels)
