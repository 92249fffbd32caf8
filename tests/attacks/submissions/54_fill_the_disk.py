# class: 54, filling the disk
# tries: write 100 MB to the folder for temporary files
# must get: 0 points
# control: plain: says GOTCHA
import os
import tempfile


def label(n):
    path = os.path.join(tempfile.gettempdir(), "gotcha-big")
    with open(path, "wb", buffering=0) as file:
        written = sum(file.write(b"x" * (1 << 20)) for _ in range(100))
    print("GOTCHA" if written == 100 << 20 else "")
    os.unlink(path)
    return ""
