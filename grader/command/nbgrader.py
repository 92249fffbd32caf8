"""``gradiente nbgrader``: for courses that use nbgrader."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.command.options import catalogue_of, exercise_of, language, language_of, trees
from grader.errors import SubmissionError
from grader.paths import shown
from grader.report import LANGUAGES
from grader.settings import load_settings

if TYPE_CHECKING:
    from grader.nbgrader.conversion.course import Imported, Order

_WORDS = {
    "en": {
        "next": "Next, in {folder}:",
        "no_nbgrader": "nbgrader is not installed here: pip install 'gradiente[nbgrader]'",
        "no_portal": "Assignments go through nbgrader's own exchange. For a portal: init again with --url.",
        "exported": "{slug}: {points}, {path}",
        "left_out": "  only on the portal: {test}",
        "account": "All cells: {path}",
        "map": "--map {text}: write the portal's exercise, = and the gradebook's assignment, such as --map sigmoid=ps1",
    },
    "pt-BR": {
        "next": "A seguir, em {folder}:",
        "no_nbgrader": "o nbgrader não está instalado aqui: pip install 'gradiente[nbgrader]'",
        "no_portal": "As tarefas passam pelo exchange do próprio nbgrader. Para usar um portal: repita init com --url.",
        "exported": "{slug}: {points}, {path}",
        "left_out": "  só no portal: {test}",
        "account": "Todas as células: {path}",
        "map": "--map {text}: escreva o exercício do portal, = e a tarefa do gradebook, como em --map sigmoid=ps1",
    },
}

_folder = click.Path(path_type=Path)


@click.group()
def command() -> None:
    """For courses that use nbgrader: start one, write assignments from exercises, read them back, share scores.

    docs/nbgrader.md tells an instructor's first day.
    """


@command.command("init")
@click.argument("folder", metavar="DIR", type=_folder)
@click.option("--course", default="", help="The course's code on the portal (default: the folder's name).")
@click.option("--url", default="", help="The portal through which assignments are handed out and in.")
@language
def init_command(folder: Path, course: str, url: str, lang: str | None) -> None:
    """Start a course directory for nbgrader: settings and a folder for sources."""
    from grader.access import clean_url
    from grader.nbgrader.course import start_course

    chosen = language_of(lang)
    code = course or folder.resolve().name
    for path in start_course(folder, code, clean_url(url) if url else "", chosen):
        click.echo(shown(path))
    say = _WORDS[chosen]
    click.echo("\n" + say["next"].format(folder=shown(folder)))
    steps = ["gradiente nbgrader export sigmoid --to source", "nbgrader generate_assignment sigmoid"]
    for step in [*steps, "nbgrader release_assignment sigmoid"]:
        click.echo(f"  {step}")
    if not url:
        click.echo(say["no_portal"])
    if importlib.util.find_spec("nbgrader") is None:
        click.echo(say["no_nbgrader"])


@command.command("export")
@click.argument("slugs", metavar="SLUG...", nargs=-1, required=True)
@click.option("--to", "target", required=True, type=_folder, help="The course's folder of sources, or its directory.")
@click.option("--manual", is_flag=True, help="Add a question whose answer a person judges, with a mark scheme.")
@click.option("--force", is_flag=True, help="Write over an assignment that is there.")
@language
@trees
def export_command(
    slugs: tuple[str, ...],
    target: Path,
    manual: bool,
    force: bool,
    lang: str | None,
    exercises: Path | None,
    solutions: Path | None,
) -> None:
    """Write exercises as nbgrader assignments: notebooks with statement, solution and tests."""
    from grader.nbgrader.course import find_source
    from grader.nbgrader.export.assignment import export
    from grader.nbgrader.export.words import count_points

    chosen = language_of(lang)
    say = _WORDS[chosen]
    catalogue = catalogue_of(exercises, solutions)
    for exercise in [exercise_of(catalogue, slug) for slug in slugs]:
        done = export(exercise, find_source(target), chosen, manual=manual, force=force)
        points = count_points(done.points, chosen)
        click.echo(say["exported"].format(slug=done.slug, points=points, path=shown(done.notebook)))
        for test in done.left_out:
            click.echo(say["left_out"].format(test=test))


@command.command("import")
@click.argument("course", metavar="COURSE_DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--to", "target", required=True, type=_folder, help="Folder of exercises to write into.")
@click.option("--solutions", type=_folder, help="Folder of solutions (default: beside the exercises).")
@click.option("--assignment", "assignments", multiple=True, help="Only this assignment; may be given several times.")
@click.option(
    "--written-in", default="en", type=click.Choice(LANGUAGES), help="Language of the notebooks (default: en)."
)
@click.option("--report", type=_folder, help="Where to write the account (default: beside the exercises).")
@click.option("--grade/--no-grade", default=True, help="Grade stub and reference of each exercise (default).")
@click.option("--force", is_flag=True, help="Write over exercises that are there.")
@language
def import_command(
    course: Path,
    target: Path,
    solutions: Path | None,
    assignments: tuple[str, ...],
    written_in: str,
    report: Path | None,
    grade: bool,
    force: bool,
    lang: str | None,
) -> None:
    """Turn the assignments of an nbgrader course into exercises, and say cell by cell what cannot be turned.

    Exit status 0: every exercise is sound, that is, its reference gets all points and its stub none; 2: wrong usage;
    3: one is not, or this host cannot grade.
    """
    from grader.nbgrader.conversion.account import describe, write_account
    from grader.nbgrader.conversion.course import Order, import_course

    chosen, settings = language_of(lang), load_settings()
    exercises = target.resolve()
    private = (solutions or exercises.parent / "solutions").resolve()
    shared = catalogue_of(None, None, settings).exercises
    order = Order(course.resolve(), exercises, private, shared, assignments, written_in, force)
    done = import_course(order)
    if grade and any(each.slug for each in done):
        done = _try_out(done, order, Path(settings.data))
    for line in describe(done, chosen):
        click.echo(line)
    path = report or exercises.parent / "nbgrader-import.md"
    write_account(path, course, done, chosen)
    click.echo(_WORDS[chosen]["account"].format(path=shown(path)))
    if any(each.trial and not each.trial.is_sound for each in done):
        raise SystemExit(3)


def _try_out(done: list[Imported], order: Order, data: Path) -> list[Imported]:
    from grader.nbgrader.conversion.trial import try_out
    from grader.pool import Grader

    catalogue = order.catalogue
    with Grader(catalogue, data=data) as grader:
        return [
            replace(each, trial=try_out(grader, catalogue, each.slug)) if each.slug else each for each in done
        ]  # fmt: skip


@command.command(
    "autograde",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def autograde_command(words: tuple[str, ...]) -> None:
    """The same as nbgrader autograde, and two seconds sooner: the grader starts before nbgrader is loaded."""
    _need_nbgrader()
    from grader.nbgrader.autograde.early import autograde

    autograde(words)


@command.command("sync")
@click.argument("assignments", metavar="[ASSIGNMENT]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--take",
    type=click.Choice(("portal", "gradebook")),
    help="Which side is right where both have changed (default: neither, they are shown).",
)
@click.option("--student", "students", multiple=True, help="Only this student; may be given several times.")
@click.option(
    "--map",
    "pairs",
    metavar="EXERCISE=ASSIGNMENT",
    multiple=True,
    help="What the gradebook calls an exercise's assignment, where that is not the exercise's name. It is remembered.",
)
@language
def sync_command(
    assignments: tuple[str, ...],
    dry_run: bool,
    take: str | None,
    students: tuple[str, ...],
    pairs: tuple[str, ...],
    lang: str | None,
) -> None:
    """Keep nbgrader's gradebook and the portal in step, in the folder of nbgrader_config.py.

    Scores, attempts, times and what being late costs go into the gradebook; what people gave there by hand goes to the
    portal. Without ASSIGNMENT: all that are published.

    Exit status 0: both are in step; 2: wrong usage; 3: something has changed on both sides and was left as it is, or
    one of both cannot be reached.
    """
    _need_nbgrader()
    from grader.nbgrader.sync.account import tell, tell_conflicts, tell_strangers
    from grader.nbgrader.sync.course import read_course
    from grader.nbgrader.sync.merge import Choice
    from grader.nbgrader.sync.portal import Portal
    from grader.nbgrader.sync.run import Order, Strangers, run

    chosen = language_of(lang)
    names = _read_pairs(pairs, chosen)
    course = read_course()
    portal = Portal(course.access.url, course.access.token, chosen)
    order = Order(assignments, frozenset(students), names, Choice(take or "", chosen), dry_run)
    accounts = []
    for found in run(course, portal, order):
        if isinstance(found, Strangers):
            tell_strangers(found, chosen)
        else:
            tell(found, chosen, is_trial=dry_run)
            accounts.append(found)
    tell_conflicts(accounts, chosen)
    if not all(each.is_settled for each in accounts):
        raise SystemExit(3)


def _need_nbgrader() -> None:
    if importlib.util.find_spec("nbgrader") is None:
        raise SubmissionError(_WORDS["en"]["no_nbgrader"], _WORDS["pt-BR"]["no_nbgrader"])


def _read_pairs(pairs: tuple[str, ...], language: str) -> dict[str, str]:
    """What was said of names, by exercise."""
    found = {}
    for text in pairs:
        exercise, sign, assignment = (part.strip() for part in text.partition("="))
        if not (exercise and sign and assignment):
            raise click.UsageError(_WORDS[language]["map"].format(text=text))
        found[exercise] = assignment
    return found
