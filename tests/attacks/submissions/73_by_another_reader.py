# class: 73, calling what the exercise forbids
# target: ban
# tries: have a function of the standard library find the name
# must get: 0 points
# control: plain: green test_shares test_is_stable
import pydoc


def share(x):
    return pydoc.locate("torch._C._VariableFunctions").softmax(x, -1)
