"""``python -m tests.fuzz [TARGET...] --seconds N``: each target for so long, one after the other.

A finding is written to tests/fuzz/found/<target>/ as it is found: the input, and beside it what it did. The exit
status is 1 where there is one.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.child import save
from tests.fuzz.probe import SECONDS
from tests.fuzz.sheet import Sheet
from tests.fuzz.targets import NAMES

FOUND = Path(__file__).parent / "found"
#: Seconds that one input may take where the processor was others'.
_PATIENCE = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}; without one: all")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    if unknown := set(chosen.targets) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    findings = sum(fuzz(name, chosen.seconds, chosen.seed) for name in chosen.targets or NAMES)
    return 1 if findings else 0


def fuzz(name: str, seconds: float, seed: int) -> int:
    """Run one target for so long, anew after each crash and hang. Returns how many findings there are."""
    end = time.monotonic() + seconds
    inputs = 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        while (left := end - time.monotonic()) > 1:
            inputs += _watch(name, left, seed, Path(folder))
            seed += 1
        kinds: dict[str, Path] = {}
        for path in sorted(Path(folder).glob("*.txt")):
            kinds.setdefault(path.read_text(encoding="utf-8").partition("\n")[0], path.with_suffix(""))
        for kind, path in kinds.items():
            place = FOUND / name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
            shutil.copy(path.with_suffix(".txt"), place)
            print(f"{name}: {kind}: {place / path.name}", flush=True)
    print(f"{name}: {inputs:,} inputs, {len(kinds)} findings", flush=True)
    return len(kinds)


def _watch(name: str, seconds: float, seed: int, folder: Path) -> int:
    (folder / "sheet").unlink(missing_ok=True)
    sheet = Sheet(folder / "sheet")
    command = [sys.executable, "-m", "tests.fuzz.child", name, str(seconds), str(seed), str(folder)]
    with (folder / "output").open("wb") as output:
        child = subprocess.Popen(command, stdout=output, stderr=output)
    present, since = (-1, -1.0), time.monotonic()
    try:
        # What comes after its time is the import of torch at the start, and the last input.
        last = time.monotonic() + seconds + 4 * _PATIENCE
        while child.poll() is None and time.monotonic() < last:
            time.sleep(0.1)
            done, began, data = sheet.look()
            if (done, began) != present:
                present, since = (done, began), time.monotonic()
            elif began > 0 and _is_late(child.pid, began, since):
                child.kill()
                child.wait()
                save(folder, data, f"hang of more than {SECONDS} s", "")
                return done
    finally:
        child.kill()
        child.wait()
    done, began, data = sheet.look()
    if child.returncode not in (0, -9) or began > 0:
        tail = (folder / "output").read_bytes()[-4000:].decode("utf-8", "replace")
        save(folder, data, f"end with status {child.returncode}", tail)
    return done


def _is_late(pid: int, began: float, since: float) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    used = (int(fields[11]) + int(fields[12])) / 100  # user and system time in ticks
    return used - began > SECONDS or time.monotonic() - since > _PATIENCE


if __name__ == "__main__":
    sys.exit(main())
