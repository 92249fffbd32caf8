# class: 54, a file that is larger than any disk
# tries: make a file of a terabyte that holds nothing, for whoever copies or packs it
# must get: 0 points
# control: plain: says GOTCHA
import os
import tempfile


def label(n):
    path = os.path.join(tempfile.gettempdir(), "gotcha-sparse")
    with open(path, "wb") as file:
        try:
            file.truncate(1 << 40)
            print("GOTCHA" if os.path.getsize(path) == 1 << 40 else "")
        except OSError:
            print("refused")
    os.unlink(path)
    return ""
