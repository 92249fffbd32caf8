"""The tables of docs/scale.md and its chart, from the recorded answers; the same tables in the shell."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.headline.table import markdown
from benchmarks.scale import chart, scenario

Answers = Mapping[str, Any]

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
CHART = DOCUMENT.parent / "images" / "scale.svg"


def _seconds(value: float) -> str:
    if value < 0.1:
        return f"{value * 1000:.1f} ms"
    return f"{value:.2f} s" if value < 10 else f"{value:.0f} s" if value < 600 else f"{value / 60:.0f} min"


def _share(value: float) -> str:
    return f"{value:.0%}"


def _round(value: float) -> str:
    """Two figures that count: more would claim too much."""
    if value < 10:
        return f"{value:.1f}"
    digits = 10 ** (len(str(int(value))) - 2)
    return f"{round(value / digits) * digits:,.0f}"


def capacities(answers: Answers) -> str:
    """What each stage takes of a submission, and does in a second."""
    lines = [
        [row["stack"], row["mix"], row["stage"], _seconds(row["seconds"]), f"{row['servers']:,}",
         _round(row["per_second"]), _round(row["students"])]
        for row in answers["capacities"]
    ]  # fmt: skip
    return markdown(
        ["set-up", "exercises", "stage", "a submission takes", "servers", "submissions a second", "students"], lines
    )


def limits(answers: Answers) -> str:
    """How many students each set-up carries."""
    lines = []
    for row in answers["limits"]:
        good, bad = row["before"], row["beyond"]
        lines.append(
            [row["stack"], row["mix"], f"{row['machines']}", _round(row["students"]), _seconds(good["p95"]),
             _seconds(good["hand_in_p95"]), _share(good["writer"]), _share(good["portal"]), row["narrowest"],
             f"{_round(row['tried'])}: {_seconds(bad['p95'])}, {_seconds(bad['hand_in_p95'])}"]
        )  # fmt: skip
    headings = [
        "set-up",
        "exercises",
        "machines",
        "students",
        "p95, report",
        "p95, received",
        "writers' turn",
        "portal",
    ]
    return markdown([*headings, "narrowest", "just beyond"], lines)


def sizes(answers: Answers) -> str:
    """Workers and money."""
    lines = []
    for row in answers["sizes"]:
        head = [row["stack"], row["mix"], f"{row['students']:,}", f"{row['partitions']:,}"]
        if row["machines"] is None:
            lines.append([*head, "none is enough", *[""] * 7])
            continue
        out = row["outcome"]
        lines.append(
            [*head, _round(row["machines"]), _round(row["cores"]), _seconds(out["median"]), _seconds(out["p95"]),
             _seconds(out["p99"]), _round(row["cpu_hours"]), _round(row["dollars"]), _round(row["idle_month"])]
        )  # fmt: skip
    return markdown(
        ["set-up", "exercises", "students", "partitions", "machines", "cores", "median", "p95", "p99", "CPU hours",
         "USD that evening", "USD idle, a month"], lines
    )  # fmt: skip


def fleets(answers: Answers) -> str:
    """Machines that stand there, and that come and go."""
    lines = [
        [row["fleet"], f"{out['most_machines']:.0f}", _seconds(out["median"]), _seconds(out["p95"]),
         _seconds(out["p99"]), f"{out['longest_line']:,.0f}", f"{out['machine_hours']:.1f}", _share(out["workers"]),
         f"{row['workers_dollars']:.2f}"]
        for row in answers["fleets"] for out in [row["outcome"]]
    ]  # fmt: skip
    return markdown(
        ["machines", "most", "median", "p95", "p99", "longest line", "machine hours", "used", "USD for them"], lines
    )


def faults(answers: Answers) -> str:
    """Machines that die."""
    lines = [
        [f"{row['deaths_per_hour']:g}", f"{out['received']:,.0f}", f"{out['graded']:,.0f}", f"{out['failed']:,.0f}",
         _seconds(out["median"]), _seconds(out["p95"]), _seconds(out["p99"])]
        for row in answers["faults"] for out in [row["outcome"]]
    ]  # fmt: skip
    headings = [
        "deaths of a machine per hour",
        "received",
        "graded once",
        "given up",
        "median",
        "p95",
        "p99",
    ]
    return markdown(headings, lines)


def shapes(answers: Answers) -> str:
    """What students do."""
    lines = [
        [row["shape"], f"{out['received']:,.0f}", _share(out["writer"]), _share(out["portal"]), _seconds(out["p95"]),
         _seconds(out["hand_in_p95"]), f"{out['longest_line']:,.0f}"]
        for row in answers["shapes"] for out in [row["outcome"]]
    ]  # fmt: skip
    headings = [
        "students",
        "submissions",
        "writers' turn",
        "portal",
        "p95 to the report",
        'p95 to "received"',
        "longest line",
    ]
    return markdown(headings, lines)


def scarcity(answers: Answers) -> str:
    """GPUs."""
    lines = [
        [f"{row['gpus']}", _seconds(out["p95"]), _seconds(out["gpu_median"]), _seconds(out["gpu_p95"]),
         _seconds(out["drained_after"]), f"{out['gpu_hours']:.1f}", f"{row['dollars']:.2f}"]
        for row in answers["scarcity"] for out in [row["outcome"]]
    ]  # fmt: skip
    headings = [
        "GPUs",
        "p95 to the report",
        "median of the GPU's part",
        "p95 of it",
        "all done after",
        "GPU hours",
        "USD for them",
    ]
    return markdown(headings, lines)


def inputs(answers: Answers) -> str:
    """What was measured: gradings."""
    found = answers["measured"]
    lines = []
    for name, each in found["gradings"].items():
        cpu = sorted(each["cpu"])
        middle = cpu[len(cpu) // 2]
        own, events = sorted(each["own"])[len(cpu) // 2], sorted(each["events"])[len(cpu) // 2]
        row = [f"`{name}`", f"{len(cpu)}", _seconds(cpu[0]), _seconds(middle), _seconds(cpu[-1]), _seconds(own)]
        lines.append([*row, f"{events}"])
    headings = ["exercise", "submissions", "least CPU", "median", "most", "worker's own process", "events"]
    return markdown(headings, lines)


WRITES = {
    "hand_in": "a submission is received",
    "claim": "a worker takes it",
    "note": "progress: one event",
    "note_of_15": "progress: fifteen events at once",
    "record": "the report, with the student's result",
    "claim_of_nothing": "looking into an empty line",
    "leases": "eight leases, every ten seconds",
    "relay": "marking five for the broker",
}


def writes(answers: Answers) -> str:
    """What was measured: turns of writers."""
    found = answers["measured"]["turns"]
    lines = [
        [what, *(_seconds(found[name][key]["median"]) for name in found)] for key, what in WRITES.items()
    ]  # fmt: skip
    for length in found["sqlite"]["claim_by_line"]:
        times = (_seconds(found[name]["claim_by_line"][length]["median"]) for name in found)
        lines.append([f"claiming with {int(length):,} in line", *times])
    return markdown(["write", *(scenario_name(name) for name in found)], lines)


def requests(answers: Answers) -> str:
    """What was measured: pages."""
    found = answers["measured"]["pages"]
    names = {
        "log_in": "log-in (form and password)",
        "exercise": "an exercise's page",
        "upload": "handing in",
        "report": "a report",
    }
    lines = [[what, *(_seconds(each[name]) for each in found.values())] for name, what in names.items()]
    for key, what in (("state", "state, the line unchanged"), ("state_of_moving_line", "state, the line has moved")):
        for length in ("1", "1000", "4000"):
            times = (_seconds(each[key][length]) for each in found.values())
            lines.append([f"{what}, {int(length):,} in line", *times])
    return markdown(["request", *(scenario_name(name) for name in found)], lines)


def validation(answers: Answers) -> str:
    """The model beside a real run."""
    found = answers["validation"]
    lines = [
        [side, f"{found['students']}", *(_seconds(found[key][name]) for name in ("median", "p95", "last"))]
        for side, key in (("real", "real"), ("simulated", "model"))
    ]
    return markdown(["", "students at once", "median", "p95", "last report"], lines)


def scenario_name(name: str) -> str:
    """As people write it."""
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[name]


TABLES: dict[str, Callable[[Answers], str]] = {
    "inputs": inputs, "writes": writes, "requests": requests, "capacities": capacities, "limits": limits,
    "sizes": sizes, "fleets": fleets, "faults": faults, "shapes": shapes, "scarcity": scarcity,
    "validation": validation,
}  # fmt: skip


def plain(answers: Answers, names: Sequence[str]) -> str:
    """What the command prints."""
    return "\n\n".join(f"{name} (simulated)\n\n{TABLES[name](answers)}" for name in names if name in TABLES)


def fill(text: str, answers: Answers) -> str:
    """The document with its tables made anew, each between ``<!-- table: name -->`` and ``<!-- end -->``."""
    return re.sub(
        r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}\n{TABLES[match[2]](answers)}\n\n{match[3]}",
        text,
        flags=re.DOTALL,
    )


def picture(answers: Answers) -> str:
    """The chart."""
    curves = {
        f"{row['stack']}, {row['mix']}": [(count, max(0.1, p95)) for count, p95 in row["curve"] if count]
        for row in answers["limits"]
    }
    aim = scenario.REPORT_P95
    return chart.draw(
        curves, "students with one deadline", 'seconds from "received" to the report, p95', aim, "aim: 2 min"
    )


def read(answers: Path, measured: Path) -> Answers:
    """What was recorded, and what it was fed with."""
    found: dict[str, Any] = json.loads(answers.read_text(encoding="utf-8"))
    return found | {"measured": json.loads(measured.read_text(encoding="utf-8"))}


def write(answers: Answers) -> None:
    """Write both."""
    DOCUMENT.write_text(fill(DOCUMENT.read_text(encoding="utf-8"), answers), encoding="utf-8")
    CHART.write_text(picture(answers), encoding="utf-8")
