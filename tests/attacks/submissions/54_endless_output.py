# class: 54, output without end
# tries: print 40 MB
# must get: 0 points
# beside: an honest grading
# control: plain: prints 40 MB
def label(n):
    for _ in range(40):
        print("x" * (1 << 20))
    return ""
