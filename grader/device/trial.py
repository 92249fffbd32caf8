"""Whether CUDA starts inside the sandbox, found out by trying: for ``gradiente doctor``, in a process of its own."""

from __future__ import annotations

import json
import os
from typing import Any

from grader import sandbox
from grader.device.gpu import Gpu, Share
from grader.device.health import examine
from grader.device.nvml import Nvml
from grader.device.start import environment_of, load_libraries, start

_MEMORY_MB = 1024
_LIMITS = sandbox.Limits(memory_mb=2048, reserves=True)


def try_sandbox(gpu: Gpu) -> dict[str, Any]:
    """Start CUDA in a sandbox as a candidate would, compute there, and say how that went."""
    import torch

    torch.set_num_threads(1)
    reader, writer = os.pipe()

    def answer() -> None:
        finding = examine(gpu, Nvml(_NoLibrary()), torch)
        os.write(writer, json.dumps({"fault": finding.fault}).encode())

    try:
        load_libraries(gpu.libraries)
        plan = sandbox.with_gpu(sandbox.prepare(), gpu.minor, gpu.libraries)
        pid = sandbox.spawn(
            _LIMITS,
            [writer],
            answer,
            plan=plan,
            start=lambda: start(Share(gpu, _MEMORY_MB)),
            environment=environment_of(gpu),
        )
    except sandbox.SandboxError as error:
        return {"fault": f"{error.step}: {error.detail}"}
    finally:
        os.close(writer)
    with open(reader, "rb") as told:
        said = told.read()
    status = sandbox.kill(pid)
    if not said:
        return {"fault": f"the process in the sandbox ended with status {status} before it had computed anything"}
    found: dict[str, Any] = json.loads(said)
    return found


class _NoLibrary:
    """No management library: a candidate has none."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)
