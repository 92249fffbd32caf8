"""Finds the GPUs of this host, without starting CUDA here: a process that has started it can fork no candidates.

A short child looks and says what it found. A driver that is broken can make it hang or die; then there is no GPU, and
``Found.problem`` says why.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from grader.device.gpu import Gpu

#: Seconds for starting Python, torch and CUDA on every GPU; a driver that was asleep takes its time.
_PATIENCE = 120.0


@dataclass(frozen=True)
class Found:
    """What a look at this host brought."""

    gpus: tuple[Gpu, ...] = ()
    #: why there may be fewer than the operator expects; empty: no reason to expect more
    problem: str = ""


class NoAnswer(Exception):
    """The child that looked said nothing of use; the text says why."""


@cache
def find_gpus() -> Found:
    """The GPUs of this host, looked for once in each process."""
    return look()


def look(root: Path = Path("/"), command: Sequence[str] = ("look",), patience: float = _PATIENCE) -> Found:
    """Look for GPUs. Where the driver has no node there is none, and no child is started."""
    if not (root / "dev" / "nvidiactl").exists():
        return Found()
    try:
        answer = ask_child(command, patience)
        return Found(tuple(msgspec.convert(answer["gpus"], list[Gpu])), str(answer["problem"]))
    except (NoAnswer, LookupError, msgspec.ValidationError) as error:
        return Found((), str(error))


def ask_child(arguments: Sequence[str], patience: float) -> dict[str, Any]:
    """Run ``grader.device.child`` and give its answer. Raises NoAnswer."""
    # The bus's order is that of the driver's tools: whoever says cuda:1 means what nvidia-smi calls 1.
    environment = {**os.environ, "CUDA_DEVICE_ORDER": "PCI_BUS_ID", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-s", "-P", "-m", "grader.device.child", *arguments],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        _leave(process)
        raise NoAnswer(f"the driver did not answer within {patience:g} s") from None
    try:
        answer = json.loads(output.decode("utf-8", "replace").strip().splitlines()[-1])
    except (ValueError, IndexError):
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise NoAnswer(f"looking for GPUs ended with status {process.returncode}: {' '.join(last)}"[:300]) from None
    if not isinstance(answer, dict):
        raise NoAnswer(f"looking for GPUs ended with {str(answer)[:100]!r}")
    return answer


def _leave(process: subprocess.Popen[bytes]) -> None:
    """Kill, and do not wait for long: a process that hangs in the driver may not end even then."""
    os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        return
    finally:
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
