# class: 64, weights instead of training
# tries: bring a network that was trained at home as a pickle beside the source
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
import io
import pickle
import zipfile

SOURCE = """
import pickle
import torch

with open("weights.pkl", "rb") as stream:
    WEIGHTS = torch.tensor(pickle.load(stream)) / 8


class FromHome(torch.nn.Module):
    def forward(self, images):
        return images.flatten(1) @ WEIGHTS[:, :-1].T + WEIGHTS[:, -1]


def train(images, labels, *, seed=0):
    return FromHome()
"""


def upload():
    from grader.attack.home import weights

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("learner.py", SOURCE)
        archive.writestr("weights.pkl", pickle.dumps(weights().tolist()))
    return "learner.zip", packed.getvalue()
