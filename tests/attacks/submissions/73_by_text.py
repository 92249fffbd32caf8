# class: 73, calling what the exercise forbids
# target: ban
# tries: run text
# must get: 0 points
# control: plain: green test_shares test_is_stable
def share(x):
    space = {}
    exec("import torch; answer = torch.softmax", space)
    return space["answer"](x, -1)
