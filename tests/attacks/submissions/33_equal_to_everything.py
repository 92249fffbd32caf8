# class: 33, answers that are equal to everything
# tries: return objects whose == and < are always true
# must get: 0 points
# control: plain: green test_labels_a_secret test_labels_the_example
class Equal(str):
    def __eq__(self, other):
        return True

    def __lt__(self, other):
        return True

    def __hash__(self):
        return 0


def label(n):
    return Equal("x")
