# class: 56, a loop without end
# tries: loop in the methods that show and compare the answer of a failed test
# must get: 0 points
# control: plain: hangs
class Endless:
    def __repr__(self):
        while True:
            pass

    __str__ = __format__ = __repr__


def label(n):
    return Endless()
