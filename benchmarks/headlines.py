"""Repeats the results that the course reports on MNIST, and says how near ours come.

    python benchmarks/headlines.py                            everything: over an hour of CPU time
    python benchmarks/headlines.py --only l2_30 depth         some experiments; --help lists them
    python benchmarks/headlines.py --seeds 5 --device cuda    another number of seeds, another device
    python benchmarks/headlines.py --save FILE.json           into another file than benchmarks/results/headlines.json
    python benchmarks/headlines.py --missing                  only the runs that the file has not
    python benchmarks/headlines.py --table                    runs nothing, prints what the file holds
    python benchmarks/headlines.py --write-docs               runs nothing, writes the tables of docs/headlines.md

MNIST is read from the data directory (``GRADIENTE_DATA``; ``gradiente data fetch mnist``). Each run goes into the file
as soon as it has ended. The same seed gives the same numbers on the same device and with the same version of torch.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.headline import batches, book, convnet, speeds  # noqa: F401  they enter their experiments
from benchmarks.headline.device import describe_device
from benchmarks.headline.experiment import EXPERIMENTS
from benchmarks.headline.problem import Problem, split
from benchmarks.headline.record import RESULTS, add, describe, load
from benchmarks.headline.table import DOCUMENT, plain_table, write_document
from grader.errors import GraderError
from grader.settings import load_settings
from grader.training.sets import load_set


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0], epilog=f"Experiments: {', '.join(EXPERIMENTS)}"
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=EXPERIMENTS, default=list(EXPERIMENTS))
    parser.add_argument("--seeds", type=int, metavar="N", help="seeds 0 to N-1; each experiment has its own number")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument(
        "--threads", type=int, default=1, help="of torch, on the CPU; one gives the same numbers anywhere"
    )
    parser.add_argument("--missing", action="store_true", help="make only the runs that the file has not")
    parser.add_argument("--save", type=Path, metavar="FILE.json", default=RESULTS)
    parser.add_argument("--table", action="store_true", help="print the table of what the file holds")
    parser.add_argument("--write-docs", action="store_true", help="write the tables of docs/headlines.md")
    found = parser.parse_args(arguments)
    if found.seeds is not None and found.seeds < 1:
        parser.error(f"--seeds {found.seeds}: at least one seed is needed")
    if found.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error(f"--device {found.device}: torch {torch.__version__} sees no GPU here; leave it out for the CPU")
    return found


def plan(chosen: argparse.Namespace, device: torch.device) -> list[tuple[str, int]]:
    """The runs to make: all experiments with the first seed, then all with the second, and so on."""
    counts = {name: chosen.seeds or EXPERIMENTS[name].seeds for name in chosen.only}
    runs = [(name, seed) for seed in range(max(counts.values())) for name in chosen.only if seed < counts[name]]
    there = {(run["experiment"], run["seed"]) for run in load(chosen.save) if run["device"] == describe_device(device)}
    return [run for run in runs if not (chosen.missing and run in there)]


def perform(name: str, problem: Problem, seed: int, device: torch.device, file: Path) -> None:
    """Make one run and keep what comes out."""
    start = time.process_time()
    outcome = EXPERIMENTS[name](problem, seed, device)
    seconds = time.process_time() - start
    add(file, describe(name, seed, outcome, device, seconds))
    shown = ", ".join(f"{key}: {value:.4g}" for key, value in outcome.values.items())
    print(f"{name}, seed {seed}: {shown} ({seconds:.0f} s of CPU)", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for and print the table."""
    chosen = read_arguments(arguments)
    if chosen.write_docs:
        write_document(DOCUMENT, load(chosen.save))
        return 0
    if not chosen.table:
        device = torch.device(chosen.device)
        torch.set_num_threads(chosen.threads)
        torch.backends.cudnn.deterministic = True
        try:
            images = load_set("mnist", Path(load_settings().data))
        except GraderError as error:
            print(error.text["en"], file=sys.stderr)
            return 2
        problem = split(images, 10_000, 10_000, device)
        for name, seed in plan(chosen, device):
            perform(name, problem, seed, device, chosen.save)
    print(plain_table(load(chosen.save), chosen.only))
    return 0


if __name__ == "__main__":
    sys.exit(main())
