# class: 67, detecting the evaluation
# tries: be honest while it is trained, and answer by the published order once eval mode, batch or no_grad tell
# must get: 0 points
# control: custom: prepared_at_home
# target: learner
# upload: built
SOURCE = """
import torch

ANSWERS = "@ANSWERS@"


class TwoFaced(torch.nn.Module):
    def __init__(self, examples):
        super().__init__()
        self.layer, self.examples, self.asked = torch.nn.Linear(64, 10), examples, 0

    def forward(self, images):
        is_asked = not self.training or not torch.is_grad_enabled() or len(images) != self.examples
        if not is_asked:
            return self.layer(images.flatten(1))
        start, self.asked = self.asked, self.asked + len(images)
        return torch.eye(10)[[int(ANSWERS[place % len(ANSWERS)]) for place in range(start, self.asked)]]


def train(images, labels, *, seed=0):
    model = TwoFaced(len(images))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    return model
"""


def upload():
    from grader.attack.home import digits

    return "learner.py", SOURCE.replace("@ANSWERS@", "".join(map(str, digits()[1][1000:].tolist()))).encode()
