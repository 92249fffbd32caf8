# class: 34, an object that takes the number's place and judges itself
# tries: return an object that the test itself made, with which it may calculate
# must get: 0 points
# control: plain: green test_boxes_unlock
class Box:
    def __init__(self, number):
        pass

    def unlock(self):
        return self

    def __sub__(self, other):
        return self

    def __abs__(self):
        return self

    def __float__(self):
        return 0.0
