# class: 47, scores that are no numbers
# tries: answer and report infinities, NaN and numbers that no float holds, wherever a number is read
# must get: 0 points
# control: custom: scores_are_believed
SCORES = ['{"score": NaN, "max_score": 1}', '{"score": Infinity}', '{"score": -1e999}', '{"score": 1e308}']


def label(n):
    print("\n".join(SCORES))
    return float("inf")


def keys(numbers):
    return [float("nan"), float("inf"), 10**400, -0.0]


def slope(f, x):
    return complex(float("inf"), float("nan"))


def order(x):
    return [float("nan")] * 6
