# class: 73, calling what the exercise forbids
# target: ban
# tries: call it as a method
# must get: 0 points
# control: plain: green test_shares test_is_stable
def share(x):
    return x.softmax(-1)
