"""The tables, the same in docs and shell: what was reported beside what came out, how it was run, and the curves."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.headline.batches import BATCHES
from benchmarks.headline.experiment import EXPERIMENTS, Figure

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "headlines.md"
#: the experiments whose test accuracy is shown epoch by epoch, and the epochs
CURVES = ("batch_2", "batch_64", "batch_1024", "batch_1024_fast", "batch_64_after_1", "batch_64_after_30")
EPOCHS = (1, 2, 5, 10, 20, 30, 31, 35, 45, 60)

Rows = list[dict[str, Any]]


def in_order(names: Iterable[str]) -> list[str]:
    """Experiments as the course comes to them."""
    return sorted(names, key=lambda name: EXPERIMENTS[name].chapter)


def grouped(runs: Rows) -> Iterator[tuple[str, str, Rows]]:
    """The runs of each experiment on each device, in the order of the course; those without a run are left out."""
    for name in in_order(EXPERIMENTS):
        of_name = [run for run in runs if run["experiment"] == name]
        for device in sorted({run["device"] for run in of_name}):
            yield name, device, [run for run in of_name if run["device"] == device]


def figures_table(runs: Rows, names: Iterable[str] = EXPERIMENTS) -> str:
    """One line for each number that was reported; those that nobody ran yet come last."""
    lines, done = [], list(grouped(runs))
    for name, device, found in done:
        for figure in EXPERIMENTS[name].figures:
            values = [run["values"][figure.key] for run in found]
            mean = statistics.fmean(values)
            seen = [figure.show(mean), _spread(figure, values), str(len(values)), device]
            lines.append([*_reported(name, figure), *seen, "yes" if figure.agrees(mean) else "**no**"])
    for name in in_order(name for name in names if name not in {name for name, _, _ in done}):
        lines += [[*_reported(name, figure), "not run", "", "0", "", ""] for figure in EXPERIMENTS[name].figures]
    headings = ["experiment", "figure", "reported", "source", "ours, mean", "from – to", "seeds", "device", "agrees"]
    return markdown(headings, lines)


def _reported(name: str, figure: Figure) -> list[str]:
    return [f"`{name}`", figure.what, figure.reported, figure.source or EXPERIMENTS[name].source]


def runs_table(runs: Rows) -> str:
    """How each experiment was run, and what it costs."""
    lines = []
    for name, device, found in grouped(runs):
        versions = sorted({", ".join(f"{part} {number}" for part, number in run["versions"].items()) for run in found})
        seconds = statistics.fmean(run["cpu_seconds"] for run in found)
        lines.append([f"`{name}`", EXPERIMENTS[name].settings, device, f"{seconds:,.0f} s", "; ".join(versions)])
    return markdown(["experiment", "settings", "device", "CPU time of a run", "versions"], lines)


def curves_table(runs: Rows) -> str:
    """Test accuracy of chapters 37 and 38 at some epochs, mean of the seeds."""
    lines = []
    for name, device, found in grouped(runs):
        if name in CURVES:
            for title in found[0]["curves"]:
                curves = [run["curves"][title] for run in found]
                cells = [_at(curves, epoch) for epoch in EPOCHS]
                lines.append([title, device, *cells])
    return markdown(["test accuracy (%) after epoch", "device", *map(str, EPOCHS)], lines)


def lengths_table(runs: Rows) -> str:
    """Chapter 39: mean length of the summed gradient for each batch size."""
    lines = []
    for name, device, found in grouped(runs):
        if name == "summed_gradient":
            for title in found[0]["curves"]:
                curves = [run["curves"][title] for run in found]
                lines.append(
                    [title, device, *(f"{statistics.fmean(column):.3g}" for column in zip(*curves, strict=True))]
                )
    return markdown(["length of the summed gradient at B =", "device", *map(str, BATCHES)], lines)


def _at(curves: list[list[float]], epoch: int) -> str:
    return f"{statistics.fmean(curve[epoch - 1] for curve in curves):.1f}" if epoch <= len(curves[0]) else ""


def _spread(figure: Figure, values: list[float]) -> str:
    return f"{min(values):.{figure.digits}f} – {max(values):.{figure.digits}f}" if len(values) > 1 else ""


def markdown(headings: list[str], lines: list[list[str]]) -> str:
    """A table with its columns in line, so that it reads as well without Markdown."""
    widths = [max(len(line[column]) for line in [headings, *lines]) for column in range(len(headings))]
    rows = [headings, ["-" * width for width in widths], *lines]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


TABLES = {"figures": figures_table, "runs": runs_table, "curves": curves_table, "lengths": lengths_table}


def plain_table(runs: Rows, names: list[str]) -> str:
    """What the command prints of some experiments."""
    chosen = [run for run in runs if run["experiment"] in names]
    return f"{figures_table(chosen, names)}\n\n{runs_table(chosen)}"


def fill(text: str, runs: Rows) -> str:
    """The document with its tables made anew, each between ``<!-- table: name -->`` and ``<!-- end -->``."""
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}\n{TABLES[match[2]](runs)}\n\n{match[3]}",
        text,
        flags=re.DOTALL,
    )


def write_document(path: Path, runs: Rows) -> None:
    """Write the tables into the document."""
    path.write_text(fill(path.read_text(encoding="utf-8"), runs), encoding="utf-8")
