# class: 53, taking the memory of the grader's own process
# tries: return a range, a small thing, of which the test makes a list of forty million numbers
# must get: 0 points
# control: custom: list_of_a_range
def order(x):
    return range(40_000_000)
