# class: 66, test images by heart
# tries: bring a table from the hash of each image of the set to its class
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
SOURCE = """
import hashlib
import torch

TABLE = @TABLE@


class ByHeart(torch.nn.Module):
    def forward(self, images):
        keys = (hashlib.md5((16 * image).round().to(torch.uint8).numpy().tobytes()).hexdigest()[:8] for image in images)
        return torch.eye(10)[[TABLE.get(key, 0) for key in keys]]


def train(images, labels, *, seed=0):
    return ByHeart()
"""


def upload():
    import hashlib

    import torch

    from grader.attack.home import digits

    keys = (
        hashlib.md5((16 * image).round().to(torch.uint8).numpy().tobytes(), usedforsecurity=False).hexdigest()[:8]
        for image in digits()[0]
    )
    return "learner.py", SOURCE.replace("@TABLE@", repr(dict(zip(keys, digits()[1].tolist(), strict=True)))).encode()
