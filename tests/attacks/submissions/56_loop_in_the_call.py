# class: 56, a loop without end
# tries: loop in one call, with every signal that Python can ignore ignored
# must get: exactly 1 point
# beside: an honest grading
# control: plain: hangs
import signal


def label(n):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            continue
    while True:
        pass


def order(x):
    return sorted(range(len(x)), key=lambda index: x[index].item())
