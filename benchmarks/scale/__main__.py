"""Simulates Gradiente at a deadline, with 1,000, 100,000 and 10,000,000 students.

    python -m benchmarks.scale                           every question: a few minutes on one core
    python -m benchmarks.scale --only limits fleets      some of them; the file keeps the others
    python -m benchmarks.scale --inputs FILE.json        with what benchmarks.scale.measure measured elsewhere
    python -m benchmarks.scale --write-docs              runs nothing, writes the tables and the chart of docs/scale.md
    python -m benchmarks.scale --own --students 3000 --mix mixed --machines 4 --portals 2
                                                         one run with numbers of your own, and all that comes out

Answers go to ``benchmarks/results/scale_simulated.json``. The same inputs give the same answers.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.scale import document, inputs, scenario
from benchmarks.scale.questions import QUESTIONS
from benchmarks.scale.search import simulate

ANSWERS = inputs.RESULTS.with_name("scale_simulated.json")


def read_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=QUESTIONS, default=list(QUESTIONS), metavar="QUESTION")
    parser.add_argument("--inputs", type=Path, default=inputs.RESULTS, metavar="FILE.json")
    parser.add_argument("--save", type=Path, default=ANSWERS, metavar="FILE.json")
    parser.add_argument("--write-docs", action="store_true")
    own = parser.add_argument_group("one run of your own")
    own.add_argument("--own", action="store_true")
    own.add_argument("--students", type=int, default=1000)
    own.add_argument("--mix", choices=scenario.MIXES, default="short")
    own.add_argument("--database", choices=("sqlite", "postgresql"), default="postgresql")
    own.add_argument("--machines", type=int, default=1, help=f"that grade, with {scenario.CORES} cores each")
    own.add_argument("--portals", type=int, default=2, help="processes that serve pages")
    own.add_argument("--writers", type=int, default=1, help="that write at a time; what if there were more than one")
    own.add_argument("--deaths", type=float, default=0.0, help="of a machine per hour")
    own.add_argument("--softening", type=float, default=120.0, help="seconds: less brings more to the last minutes")
    own.add_argument("--spread", type=float, default=0.0, help="seconds over which deadlines are spread")
    own.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def run_own(chosen: argparse.Namespace, measured: inputs.Measured) -> None:
    """One plan from the command line."""
    stack = scenario.Stack("own", chosen.database, scenario.BROKER, chosen.portals, chosen.writers)
    plan = scenario.plan(measured, stack, chosen.students, mix=scenario.MIXES[chosen.mix], machines=chosen.machines)
    deadline = replace(plan.deadline, softening=chosen.softening, spread=chosen.spread)
    plan = replace(plan, deadline=deadline, fleet=replace(plan.fleet, deaths_per_hour=chosen.deaths))
    outcome = simulate(plan, chosen.seed)
    for name, value in outcome.to_json().items():
        print(f"{name:15} {value:,.2f}")
    print(f"{'dollars':15} {scenario.Prices().evening(plan, outcome):,.2f}")
    print(f"the aims are {'kept' if scenario.holds(outcome) else 'missed'}; SIMULATED, not measured")


def main(arguments: list[str] | None = None) -> int:
    """Answer what was asked."""
    chosen = read_arguments(arguments)
    if chosen.write_docs:
        document.write(document.read(chosen.save, chosen.inputs))
        return 0
    answers = json.loads(chosen.save.read_text(encoding="utf-8")) if chosen.save.is_file() else {}
    measured = inputs.load(chosen.inputs)
    if chosen.own:
        run_own(chosen, measured)
        return 0
    for name in chosen.only:
        start = time.process_time()
        answers[name] = QUESTIONS[name](measured)
        answers["inputs"] = measured.machine
        chosen.save.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
        print(f"{name}: {time.process_time() - start:.0f} s of CPU", file=sys.stderr, flush=True)
    print(document.plain(answers, chosen.only))
    return 0


if __name__ == "__main__":
    sys.exit(main())
