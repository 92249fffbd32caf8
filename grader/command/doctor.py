"""``gradiente doctor``."""

from __future__ import annotations

import json
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from grader.command.options import json_output
from grader.sandbox import probe
from grader.settings import explain_settings

#: Data sets by the files that show they are there.
_DATASETS = {"mnist": ("MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte")}


@click.command()
@json_output
def command(as_json: bool) -> None:
    """Try what this host offers: sandbox layers, devices, data sets, settings.

    Exit status 0: submissions can be graded here; 3: a required layer of the sandbox is missing.
    """
    # Before torch is imported: the probe forks, and a process with threads must not.
    layers = probe()
    settings = explain_settings()
    found = {
        "sandbox": [asdict(layer) for layer in layers],
        "devices": _devices(),
        "datasets": _datasets(Path(settings["data"][0])),
        "settings": {name: {"value": value, "from": source} for name, (value, source) in settings.items()},
    }
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)
    sys.exit(0 if all(layer.holds or not layer.required for layer in layers) else 3)


def _devices() -> list[dict[str, str]]:
    import torch

    devices = [{"device": "cpu", "name": platform.processor() or platform.machine(), "torch": torch.__version__}]
    if torch.cuda.is_available():
        for number in range(torch.cuda.device_count()):
            devices.append({"device": f"cuda:{number}", "name": torch.cuda.get_device_name(number)})
    return devices


def _datasets(folder: Path) -> list[dict[str, Any]]:
    import importlib.util

    bundled = importlib.util.find_spec("sklearn") is not None
    rows = [{"name": "digits", "present": bundled, "where": "scikit-learn"}]
    for name, files in _DATASETS.items():
        present = all((folder / file).is_file() or (folder / f"{file}.gz").is_file() for file in files)
        rows.append({"name": name, "present": present, "where": str(folder)})
    return rows


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    table = Table("", "sandbox", "found", box=None, pad_edge=False, header_style="bold")
    for layer in found["sandbox"]:
        sign = "[green]✓[/]" if layer["holds"] else "[red]✗[/]" if layer["required"] else "[yellow]–[/]"
        detail = layer["detail"] + (f"\n→ {layer['mend']}" if layer["mend"] and not layer["holds"] else "")
        table.add_row(sign, layer["name"], detail)
    console.print(table)
    for title, rows in (("devices", found["devices"]), ("data sets", found["datasets"])):
        console.print(f"\n[bold]{title}[/]")
        for row in rows:
            console.print("  " + "  ".join(str(value) for value in row.values()))
    console.print("\n[bold]settings[/]")
    for name, entry in found["settings"].items():
        console.print(f"  {name} = {entry['value']!r}  [dim]({entry['from']})[/]")
