# class: 38, writing the results file itself
# tries: write every results file that a harness may read, at once and again at the end
# must get: 0 points
# control: plain: results say GOTCHA
import atexit
import tempfile
from pathlib import Path

NAMES = ("results.xml", "../results.xml", "results.json", f"{tempfile.gettempdir()}/gotcha-results.json")


def write():
    for name in NAMES:
        try:
            Path(name).write_text('<testsuite name="GOTCHA" tests="17" failures="0" errors="0"/>')
        except OSError:
            continue


write()
atexit.register(write)
