# class: 56, a loop without end
# tries: loop when the answer is thrown away
# must get: 0 points
# control: plain: hangs
class Endless:
    def __del__(self):
        while True:
            pass


def label(n):
    return Endless()
