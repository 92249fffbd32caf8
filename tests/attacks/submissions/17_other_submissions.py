# class: 17, reading what other students handed in
# tries: look for sources of others in the shared folders and through /proc
# must get: 0 points
# beside: a grading of another student
# control: plain: says NEIGHBOUR-MARK
from pathlib import Path


def label(n):
    here = Path.cwd()
    found = [*here.parent.glob("*/*.py"), *Path("/tmp").glob("*/*.py"), *Path("/proc").glob("[0-9]*/root/tmp/*/*.py")]
    for path in found:
        if not path.samefile(__file__):
            print(path.read_text())
    return ""
