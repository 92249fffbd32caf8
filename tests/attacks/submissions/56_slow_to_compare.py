# class: 56, making the grader's own comparison slow
# tries: return a long text of many similar lines, whose difference to the expected one pytest would work out
# must get: 0 points
# control: custom: slow_difference
def label(n):
    return "\n".join(f"key-{n % 7}-{line % 11}" for line in range(200_000))
