"""``gradiente audit --calibrate``: measures the reference's trainings and says what a ladder may ask for."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from grader.audit.calibrate import calibrate
from grader.audit.training import check_reach, highest_top
from grader.command.work import counter
from grader.errors import ExerciseError
from grader.exercise import Exercise
from grader.paths import shown
from grader.pool import Grader
from grader.training.calibration import write_record
from grader.training.terms import Kind


def calibrate_all(exercises: list[Exercise], grader: Grader, device: str, *, gradings: int, jobs: int) -> bool:
    """Measure each exercise that checks a training on that class of devices; whether every ladder can be climbed."""
    kind: Kind = "cpu" if device == "cpu" else "gpu"
    console = Console(highlight=False, soft_wrap=True)
    concerned = [each for each in exercises if each.config.training and each.config.training.device(kind)]
    if not concerned:
        console.print(Text(f"None of these exercises has a table [training.{kind}].", style="red"))
    passed = [_calibrate(exercise, grader, kind, device, gradings, jobs, console) for exercise in concerned]
    return bool(passed) and all(passed)


def _calibrate(
    exercise: Exercise, grader: Grader, kind: Kind, device: str, gradings: int, jobs: int, console: Console
) -> bool:
    training = exercise.config.training
    terms = training.device(kind) if training else None
    assert training is not None
    assert terms is not None
    try:
        with counter(exercise.slug) as show:
            record = calibrate(exercise, grader, kind, device=device, gradings=gradings, jobs=jobs, on_progress=show)
    except ExerciseError as error:
        console.print(Text(f"✗ {error}", style="red"))
        return False
    path = write_record(exercise, kind, record)
    found = f"{record.mean:.4g} ± {record.own:.2g} per run, ± {record.shared:.2g} per grading"
    problems = list(check_reach(exercise.folder / "exercise.toml", kind, training, terms, record))
    sign, colour = ("✗", "red") if problems else ("✓", "green")
    heading = f"{sign} {exercise.slug} on {record.device}: {found}, {record.seconds:g} s per run → {shown(path)}"
    console.print(Text(heading, style=colour))
    highest = highest_top(training, terms, record)
    console.print(Text(f"  the last rung asks for {terms.ladder[-1][0]:g}; it may ask for {highest:.4g}"))
    for problem in problems:
        console.print(Text(f"  {problem}", style="red"))
    return not problems
