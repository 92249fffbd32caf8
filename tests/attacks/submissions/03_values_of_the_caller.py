# class: 3, reading the values of the test that calls
# tries: return the local variable `want` of whatever function is on the stack
# must get: 0 points
# control: plain: green test_unlocks_by_method test_unlocks_by_difference test_leaves_its_input_alone
import sys


def unlock(x):
    frame = sys._getframe()
    while frame := frame.f_back:
        if "want" in frame.f_locals:
            return frame.f_locals["want"]
    return None
