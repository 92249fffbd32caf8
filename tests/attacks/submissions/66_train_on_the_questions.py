# class: 66, training on what is asked
# tries: learn nothing from the examples; when asked, train on the questions, with labels by their published places
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
SOURCE = """
import torch

LABELS = torch.tensor([int(name) for name in "@LABELS@"])


class TrainsWhenAsked(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer, self.asked = torch.nn.Linear(64, 10), 0

    def forward(self, images):
        with torch.enable_grad():
            labels = LABELS[torch.arange(self.asked, self.asked + len(images)) % len(LABELS)]
            self.asked += len(images)
            optimizer = torch.optim.Adam(self.layer.parameters(), lr=0.1)
            for _ in range(60):
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(self.layer(images.flatten(1)), labels).backward()
                optimizer.step()
            return self.layer(images.flatten(1)).detach()


def train(images, labels, *, seed=0):
    return TrainsWhenAsked()
"""


def upload():
    from grader.attack.home import digits

    return "learner.py", SOURCE.replace("@LABELS@", "".join(map(str, digits()[1][1000:].tolist()))).encode()
