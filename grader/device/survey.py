"""What ``gradiente doctor`` says of devices: which there are, whether they are well, and whether the sandbox has them.

Each GPU is tried in a child of its own, as a grading would use it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import msgspec

from grader.device.discover import Found, NoAnswer, ask_child
from grader.device.gpu import CPU, Gpu, allow, cores, cpu_name

#: Seconds for starting torch and CUDA, and for computing a little.
_PATIENCE = 120.0

Try = Callable[[str, Gpu], str]


def survey(found: Found, allowed: str, attempt: Try | None = None) -> list[dict[str, Any]]:
    """A row for each device; those that the setting does not allow are listed and left alone."""
    usable = allow(found.gpus, allowed)
    rows: list[dict[str, Any]] = [
        {"device": CPU, "name": cpu_name(), "cores": cores(), "torch": version("torch"), "problem": found.problem}
    ]
    return [*rows, *(_row(gpu, gpu in usable, attempt or _attempt) for gpu in found.gpus)]


def _row(gpu: Gpu, is_allowed: bool, attempt: Try) -> dict[str, Any]:
    row = {"device": gpu.label, "name": gpu.name, "memory_mb": gpu.memory_mb, "uuid": gpu.uuid, "allowed": is_allowed}
    if not is_allowed:
        return row
    # The two are told apart: a GPU may be well, and the sandbox in its way.
    return row | {
        "accounts": gpu.accounts,
        "health": attempt("examine", gpu) or "well",
        "sandbox": attempt("try", gpu) or "CUDA starts and computes",
    }


def _attempt(kind: str, gpu: Gpu) -> str:
    """What is wrong; empty: nothing."""
    try:
        return str(ask_child([kind, msgspec.json.encode(gpu).decode()], _PATIENCE)["fault"])
    except (NoAnswer, LookupError) as error:
        return str(error)


def describe(row: dict[str, Any]) -> str:
    """One device, in a line or two."""
    if row["device"] == CPU:
        line = f"cpu  {row['name']}  {row['cores']} cores  torch {row['torch']}"
        return f"{line}\n       GPUs: {row['problem']}" if row["problem"] else line
    line = f"{row['device']}  {row['name']}  {row['memory_mb']:,} MB  {row['uuid']}"
    if not row["allowed"]:
        return f"{line}\n          left out by the setting gpus"
    watched = "each process's memory is watched"
    if not row["accounts"]:
        watched = "memory is watched as a whole, one grading at a time; install gradiente[gpu] where that is missing"
    return f"{line}\n          health: {row['health']}; in the sandbox: {row['sandbox']}; {watched}"
