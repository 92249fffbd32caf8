# class: 41, writing into pipes and files that were left open
# tries: write a forged result into every descriptor beyond the standard three
# must get: 0 points
# control: plain: report says GOTCHA
import os


def label(n):
    for number in range(3, 256):
        try:
            os.write(number, b'GOTCHA {"score": 17}')
        except OSError:
            continue
    return ""
