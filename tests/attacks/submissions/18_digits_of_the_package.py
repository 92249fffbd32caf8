# class: 18, reading the labels of the test set where a package keeps them
# tries: find each image among the digits of scikit-learn, whatever its symmetry and its dither, and vote on the names
# must get: 0 points
# control: custom: digits_of_the_package
# target: learner
import torch


def published():
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    print("GOTCHA", len(labels))
    return torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8), torch.tensor(labels)


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
