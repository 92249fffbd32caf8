"""``gradiente doctor``."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table

from grader.command.options import json_output
from grader.device.discover import find_gpus
from grader.device.survey import describe, survey
from grader.sandbox import probe
from grader.settings import TABLE, explain_settings

#: Settings that hold passwords or keys.
_SECRET = re.compile("secret|password|token|(smtp|database|broker|store)_url")


@click.command()
@json_output
def command(as_json: bool) -> None:
    """Try what this host offers: sandbox layers, devices, data sets, settings.

    Exit status 0: submissions can be graded here; 3: a required layer of the sandbox is missing.
    """
    # Before torch is imported: the probe forks, and a process with threads must not.
    layers = probe()
    settings = explain_settings()
    portal = explain_settings(kind=_portal_settings(), table=TABLE)
    found = {
        "sandbox": [asdict(layer) for layer in layers],
        "devices": survey(find_gpus(), settings["gpus"][0]),
        "datasets": _datasets(Path(settings["data"][0])),
        "settings": _settings(settings) | _settings(portal, f"{TABLE}."),
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)
    sys.exit(0 if all(layer.holds or not layer.required for layer in layers) else 3)


def _portal_settings() -> type[msgspec.Struct]:
    from server.settings import Settings

    return Settings


def _settings(found: dict[str, tuple[Any, str]], prefix: str = "") -> dict[str, dict[str, Any]]:
    """Values by name; secrets only say that they are set."""
    shown = {name: "…" if value and _SECRET.search(name) else value for name, (value, _) in found.items()}
    return {f"{prefix}{name}": {"value": shown[name], "from": source} for name, (_, source) in found.items()}


def _datasets(folder: Path) -> list[dict[str, Any]]:
    from grader.training.sets import list_sets

    return [asdict(found) for found in list_sets(folder)]


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table("", "sandbox", "found", box=None, pad_edge=False, header_style="bold")
    for layer in found["sandbox"]:
        sign = "[green]✓[/]" if layer["holds"] else "[red]✗[/]" if layer["required"] else "[yellow]–[/]"
        detail = layer["detail"] + (f"\n→ {layer['mend']}" if layer["mend"] and not layer["holds"] else "")
        table.add_row(sign, layer["name"], detail)
    console.print(table)
    console.print("\n[bold]devices[/]")
    for row in found["devices"]:
        console.print(f"  {describe(row)}", markup=False)
    console.print("\n[bold]data sets[/]")
    for row in found["datasets"]:
        console.print("  " + "  ".join(str(value) for value in row.values()))
    console.print("\n[bold]settings[/]")
    for name, entry in found["settings"].items():
        console.print(f"  {name} = {entry['value']!r}  [dim]({entry['from']})[/]")
