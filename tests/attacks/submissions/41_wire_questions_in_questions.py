# class: 41, the wire itself
# tries: have each question of the grader lead to two further ones, each with a deadline of its own
# must get: 0 points
# within: 10 s
# control: custom: wire_nested
import time


class Slow:
    def __init__(self, f, depth):
        self.f, self.depth = f, depth

    def __mul__(self, other):
        return self.again()

    def __rmul__(self, other):
        return self.again()

    def again(self):
        time.sleep(0.3)
        return Slow(self.f, self.depth + 1) if self.depth > 40 else self.f(Slow(self.f, self.depth + 1))


def slope(f, x):
    return f(Slow(f, 0))
