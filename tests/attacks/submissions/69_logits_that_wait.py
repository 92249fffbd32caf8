# class: 69, lazy outputs
# tries: return logits that are worked out only when they are compared, from what they are compared with
# must get: 0 points
# control: custom: same_for_everybody
# target: learner
import torch


class Lazy(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ == "argmax":
            return args[0]
        if func.__name__ in ("eq", "__eq__"):
            answers = next(item for item in args if type(item) is torch.Tensor)
            return torch.eye(10)[answers].argmax(1) == answers
        return super().__torch_function__(func, types, args, kwargs or {})


class Waits(torch.nn.Module):
    def forward(self, images):
        return torch.empty(len(images), 10).as_subclass(Lazy)


def train(images, labels, *, seed=0):
    return Waits()
