# class: 48, exploiting how points are added up
# tries: break a fixture with an odd answer, so that its test counts as the grader's fault and costs nothing
# must get: 0 points
# control: plain: says ERROR at setup
def fit(points, labels):
    return None
