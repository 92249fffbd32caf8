"""One run of one target, watched from outside: ``python -m tests.fuzz.child TARGET SECONDS SEED FOLDER``.

With atheris installed, inputs are chosen by what they reach (libFuzzer's coverage of ``grader``, with our changes of
trees as its mutator); without, they are changes of the seeds and of what was made of them before.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

try:
    import atheris
except ImportError:
    atheris = None

from tests.fuzz.mutate import MOST, mutate
from tests.fuzz.sheet import Sheet


def main(name: str, seconds: float, number: int, folder: Path) -> None:
    # What is imported here is instrumented; torch and others are not looked into.
    with atheris.instrument_imports(include=["grader"]) if atheris else contextlib.nullcontext():
        from tests.fuzz.targets import load

        target = load(name)
    from tests.fuzz.probe import bounded_memory, prepare, probe

    prepare()
    for seed in target.seeds:
        with contextlib.suppress(*target.allowed):
            target.run(seed)
    sheet = Sheet(folder / "sheet")
    told: set[str] = set()

    def attempt(data: bytes) -> None:
        sheet.begin(data)
        with bounded_memory(target.memory):
            finding = probe(target, data)
        sheet.end()
        if finding is not None and finding.kind not in told:
            told.add(finding.kind)
            save(folder, data, finding.kind, finding.text)

    chance = random.Random(number)
    for seed in target.seeds:
        attempt(seed)
    if atheris:
        _guided(target.kind, target.seeds, attempt, seconds, number)
    else:
        _blindly(target.kind, target.seeds, attempt, seconds, chance)


def save(folder: Path, data: bytes, kind: str, text: str) -> None:
    """Put an input beside what it was found to do."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    (folder / digest).write_bytes(data)
    (folder / f"{digest}.txt").write_text(f"{kind}\n\n{text}", encoding="utf-8", errors="replace")


def _blindly(
    kind: str, seeds: list[bytes], attempt: Callable[[bytes], None], seconds: float, chance: random.Random
) -> None:
    end = time.monotonic() + seconds
    pool = list(seeds)
    while time.monotonic() < end:
        data = mutate(kind, chance.choice(pool), seeds, chance)
        attempt(data)
        if chance.random() < 0.05:  # changes of changes reach further than the seeds do
            pool[len(seeds) :] = [*pool[len(seeds) :], data][-200:]


def _guided(kind: str, seeds: list[bytes], attempt: Callable[[bytes], None], seconds: float, number: int) -> None:
    corpus = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for index, seed in enumerate(seeds):
        (corpus / str(index)).write_bytes(seed)

    def change(data: bytes, most: int, seed: int) -> bytes:
        return mutate(kind, data, seeds, random.Random(seed))[:most]

    options = [
        f"-max_total_time={max(1, int(seconds))}", f"-seed={number + 1}", f"-max_len={MOST}", "-len_control=0",
        "-rss_limit_mb=0", "-malloc_limit_mb=0", "-timeout=600", "-handle_segv=0", "-handle_bus=0", "-handle_abrt=0",
        "-print_final_stats=1", "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], attempt, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
