"""``gradiente``: the command line."""

from __future__ import annotations

import importlib
import sys

import click

from grader.errors import GraderError, SubmissionError

#: command -> what it is for. The function of the same name in ``grader.command.<name>`` does it.
COMMANDS = {
    "list": "Exercises, with title, module and prerequisites.",
    "check": "The self-check: public tests, in this process.",
    "grade": "Hidden suite in the sandbox: one report per submission.",
    "audit": "Keep statement, stub, tests and solutions of exercises in step.",
    "new": "Start an exercise: both folders, with a passing skeleton.",
    "serve": "Portal and workers in one command.",
    "doctor": "What this host offers: sandbox layers, devices, data sets, settings.",
}


class _Commands(click.Group):
    """Loads a command when it is called: torch costs seconds, and most commands do without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"grader.command.{cmd_name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gradiente")
def cli() -> None:
    """Gradiente grades deep-learning exercises."""


def main() -> None:
    """Run the command line; an error of ours is one clear line and exit status 2 (wrong usage) or 3 (our fault)."""
    try:
        cli(prog_name="gradiente")
    except GraderError as error:
        click.echo(f"gradiente: {error}", err=True)
        sys.exit(2 if isinstance(error, SubmissionError) else 3)


if __name__ == "__main__":
    main()
