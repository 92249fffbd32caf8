# class: 53, taking the memory of the grader's own process
# tries: yield forty tensors of 12 MB, each well inside the size of one answer
# must get: 0 points
# control: custom: no_bound_on_many
import torch


def steps(n):
    for _ in range(400):
        yield torch.zeros(3 << 20)
