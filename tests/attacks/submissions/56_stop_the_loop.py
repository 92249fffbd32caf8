# class: 56, ending the test's own loop
# tries: raise StopIteration in a function that the test maps over its inputs, so that it compares nothing
# must get: 0 points
# control: plain: green test_unlocks_one_after_the_other
def unlock(x):
    raise StopIteration
