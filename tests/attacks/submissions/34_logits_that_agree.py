# class: 34, logits that answer the metric themselves
# tries: return a tensor whose class says yes to every comparison, also of what is computed from it
# must get: 0 points
# control: custom: same_for_everybody
# target: learner
import torch


class Agreeable(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func.__name__ == "argmax":
            return torch.zeros(len(args[0])).as_subclass(cls)
        if func.__name__ in ("eq", "__eq__"):
            return torch.ones(len(args[0]), dtype=torch.bool)
        return super().__torch_function__(func, types, args, kwargs or {})


class Always(torch.nn.Module):
    def forward(self, images):
        return torch.zeros(len(images), 10).as_subclass(Agreeable)


def train(images, labels, *, seed=0):
    return Always()
