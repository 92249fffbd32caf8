# class: 56, a loop without end in the test itself
# tries: return an object with an enormous length, whose every item is there
# must get: 0 points
# control: plain: hangs
class Long:
    def __len__(self):
        return 2**40

    def __getitem__(self, index):
        return 0

    def __iter__(self):
        return self

    def __next__(self):
        return 0


def order(x):
    return Long()
