"""``gradiente``: the command line."""

from __future__ import annotations

import importlib

import click

from grader.errors import GraderError, SubmissionError
from grader.language import system_language

#: command -> what it is for. ``command`` in the module ``grader.command.<name>`` does it.
COMMANDS = {
    "list": "Exercises, with title, module and prerequisites.",
    "check": "The self-check: public tests, in this process.",
    "grade": "Hidden suite in the sandbox: one report per submission.",
    "audit": "Keep statement, stub, tests and solutions of exercises in step.",
    "new": "Start an exercise: both folders, with a passing skeleton.",
    "assign": "An exercise's dates, attempts and cost of being late in the portal.",
    "login": "Log in to a portal with a token, for the two commands below.",
    "submit": "Hand in to a portal, and follow the grading.",
    "status": "Your last submissions on the portal, or one with its report.",
    "serve": "Portal and workers in one command.",
    "migrate": "Make or update the tables on PostgreSQL, before the portal and its workers start.",
    "portal": "The portal in several processes, for many students; workers grade.",
    "scheduler": "Send workers on many machines word of what waits.",
    "worker": "Grade what a portal on PostgreSQL receives, on as many machines as wanted.",
    "backup": "Database and uploads of a portal in one archive, also while it runs.",
    "restore": "Such an archive into an empty installation, of whatever database and store.",
    "store": "What was handed in: whether it is all there, and what nobody needs any more.",
    "invite": "A link by which accounts are made on the portal.",
    "reset-link": "A link by which somebody chooses a new password.",
    "data": "Data sets for training checks: which are there, and how they come.",
    "nbgrader": "For courses that use nbgrader: start one, write assignments from exercises, read them back.",
    "attack": "Every known way to cheat or to harm, tried on this host; with one layer missing, what that is for.",
    "doctor": "What this host offers: sandbox layers, devices, data sets, settings.",
}


class _Commands(click.Group):
    """Loads a command when it is called: torch costs seconds, and most commands do without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"grader.command.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error of ours is one clear line and exit status 2 (wrong usage) or 3 (our fault)."""
        try:
            return super().invoke(ctx)
        except GraderError as error:
            click.echo(f"gradiente: {error.text[_language(ctx)]}", err=True)
            ctx.exit(2 if isinstance(error, SubmissionError) else 3)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _language(ctx: click.Context) -> str:
    """The language of a command that failed; where the settings are at fault, that of the system."""
    from grader.command.options import LANGUAGE, language_of

    try:
        return language_of(ctx.meta.get(LANGUAGE))
    except GraderError:
        return system_language()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradiente")
def cli() -> None:
    """Gradiente grades deep-learning exercises."""


def main() -> None:
    """Run the command line."""
    cli(prog_name="gradiente")


if __name__ == "__main__":
    main()
