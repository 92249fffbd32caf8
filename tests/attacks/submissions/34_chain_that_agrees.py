# class: 34, an object that takes the number's place and judges itself
# tries: answer arithmetic with further objects, and only the last conversion with a number
# must get: 0 points
# control: plain: green test_unlocks_one_number_by_difference test_unlocks_by_difference
class Agreeable:
    def __sub__(self, other):
        return Agreeable()

    def __abs__(self):
        return Agreeable()

    def max(self):
        return Agreeable()

    def __float__(self):
        return 0.0


def unlock(x):
    return Agreeable()
