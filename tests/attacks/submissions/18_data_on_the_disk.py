# class: 18, reading data sets where they lie on the disk
# tries: look through the folders of Python and of data for images with their labels, and find each image among them
# must get: 0 points
# control: custom: digits_of_the_package
# target: learner
import gzip
import os
import sys
from pathlib import Path

import torch

NAMES = ("digits.csv.gz", "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "images.npy", "data_batch_1")
FOLDERS = (".cache/*", "MNIST/raw", "cifar-10-batches-py", "datasets/data", "sklearn/datasets/data", ".", "*")


def on_the_disk():
    """Files of data sets, wherever one would put them."""
    roots = [*sys.path, *sys.modules["torch"].__path__, os.environ.get("GRADIENTE_DATA", ""), "data", "/data", "~/data"]
    for root in dict.fromkeys(Path(root).expanduser() for root in roots if root):
        for folder in FOLDERS:
            for name in NAMES:
                yield from root.glob(f"{folder}/{name}")


def published():
    """The first set that can be read; the digits are what the check asks about."""
    for path in on_the_disk():
        text = gzip.decompress(path.read_bytes()).decode() if path.name == "digits.csv.gz" else ""
        if text:
            print("GOTCHA", path)
            table = torch.tensor([[float(cell) for cell in line.split(",")] for line in text.split()])
            return table[:, :-1].reshape(-1, 1, 8, 8) / 16, table[:, -1].long()
    raise FileNotFoundError("there is nothing to be found")


def turned(images, symmetry):
    images = images.mT if symmetry & 4 else images
    images = images.flip(2) if symmetry & 2 else images
    return images.flip(3) if symmetry & 1 else images


class Finds(torch.nn.Module):
    def __init__(self, images, labels):
        super().__init__()
        self.known, self.classes = published()
        fits = [self.nearest(turned(images[:50], symmetry)) for symmetry in range(8)]
        self.symmetry = min(range(8), key=lambda symmetry: float(fits[symmetry][0].sum()))
        found = self.classes[self.nearest(turned(images, self.symmetry))[1]]
        self.names = torch.zeros(10, 10).index_put_((found, labels), torch.ones(len(labels)), accumulate=True)

    def nearest(self, images):
        return torch.cdist(images.flatten(1), self.known.flatten(1)).min(1)

    def forward(self, images):
        return self.names[self.classes[self.nearest(turned(images, self.symmetry))[1]]]


def train(images, labels, *, seed=0):
    return Finds(images, labels)
