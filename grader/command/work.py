"""Progress on standard error: a bar on a terminal, nothing in a pipe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

COLUMNS = (
    TextColumn("[bold]{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
    TextColumn("[dim]{task.fields[last]}"),
)


@contextmanager
def counter(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """Yield a function that sets the bar to ``done`` of ``total`` and shows what was done last."""
    with _bar() as bar:
        task = bar.add_task(title, total=None, last="")
        yield lambda done, total, text: bar.update(task, completed=done, total=total, last=text[-40:])


def _bar() -> Progress:
    console = Console(stderr=True)
    return Progress(*COLUMNS, console=console, transient=True, disable=not console.is_terminal)
