# class: 54, a tree of folders that cleaning up does not reach the end of
# tries: make 2,500 folders, each in the one before
# must get: 0 points
# control: custom: too_deep_to_remove
import os
import tempfile


def dig(depth):
    here = os.getcwd()
    try:
        for _ in range(depth):
            os.mkdir("d")
            os.chdir("d")
    finally:
        os.chdir(here)


def label(n):
    os.chdir(tempfile.mkdtemp(prefix="gotcha-"))
    dig(2500)
    return ""
