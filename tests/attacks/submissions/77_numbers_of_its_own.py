# class: 77, reporting its own numbers
# tries: define what a harness may look up in the module: score, points, results, verdicts
# must get: 0 points
# control: custom: believes_the_module
score = max_score = points = accuracy = 17.0
results = {"score": score, "tests": {"test_unlocks_a_secret": "passed"}}
__score__ = passed = True


def grade(*_):
    return results
