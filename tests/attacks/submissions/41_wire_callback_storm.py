# class: 41, the wire itself
# tries: call the test's own function without end, so that the grader does nothing but answer
# must get: 0 points
# within: 10 s
# control: plain: hangs
def slope(f, x):
    while True:
        f(x)
