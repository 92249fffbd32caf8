# class: 56, a loop without end
# tries: raise an exception whose text never ends
# must get: 0 points
# control: plain: hangs
class Endless(Exception):
    def __str__(self):
        while True:
            pass

    __repr__ = __str__


def label(n):
    raise Endless
