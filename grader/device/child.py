"""``python -m grader.device.child``: the short-lived process in which CUDA may be started. Prints one JSON object.

``look``: which GPUs there are. ``examine GPU``: whether one is well; ``try GPU``: whether CUDA starts inside the
sandbox. GPU is what ``look`` said of one.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from grader.device.gpu import Gpu
from grader.device.health import examine
from grader.device.nvml import Nvml
from grader.device.start import show_only
from grader.device.trial import try_sandbox

_LIBRARY = re.compile(r"lib(cuda|nvidia-[\w-]+)\.so[.\d]*")
#: what the driver loads when it compiles for a GPU, which an ordinary start does not
_COMPILERS = ("libnvidia-ptxjitcompiler.so.1", "libnvidia-nvvm.so.4", "libnvidia-nvvm70.so.4")


def describe_all(torch: Any, nvml: Nvml, root: Path = Path("/")) -> dict[str, Any]:
    """The GPUs on which CUDA starts, and what is wrong with the others."""
    cuda = torch.cuda
    if torch.version.cuda is None:
        return {"gpus": [], "problem": f"torch {torch.__version__} is built without CUDA"}
    try:
        cuda.init()
    except Exception as error:  # whatever the driver's trouble is, it is told and not raised
        return {"gpus": [], "problem": _line(error)}
    gpus, problems = [], []
    for number in range(cuda.device_count()):
        try:
            gpus.append(_describe(cuda, nvml, number, root))
        except Exception as error:
            problems.append(f"cuda:{number}: {_line(error)}")
    libraries = sorted(find_libraries((root / "proc/self/maps").read_text(encoding="utf-8", errors="replace")))
    found = [msgspec.to_builtins(gpu) | {"libraries": libraries} for gpu in gpus]
    return {"gpus": found, "problem": "; ".join(problems)}


def _describe(cuda: Any, nvml: Nvml, number: int, root: Path) -> Gpu:
    properties = cuda.get_device_properties(number)
    uuid = f"GPU-{properties.uuid}"
    if nvml.is_divided(uuid):
        raise RuntimeError("divided into instances (MIG), which Gradiente does not use; switch MIG off")
    # Memory of this process on it: CUDA runs there, and the driver says so or does not.
    cuda.synchronize(number)
    held = cuda.caching_allocator_alloc(1 << 20, number)
    try:
        accounts = nvml.used_by(uuid, {os.getpid()}) is not None
    finally:
        cuda.caching_allocator_delete(held)
    bus = f"{properties.pci_domain_id:04x}:{properties.pci_bus_id:02x}:{properties.pci_device_id:02x}.0"
    return Gpu(
        number=number,
        uuid=uuid,
        name=str(properties.name),
        memory_mb=int(properties.total_memory) >> 20,
        minor=find_minor(bus, nvml.minor(uuid), root),
        accounts=accounts,
    )


def find_minor(bus: str, told: int | None, root: Path = Path("/")) -> int:
    """Which node is that of the GPU at a place of the bus: what the driver says, or the only one that there is."""
    if told is not None:
        return told
    sheet = root / "proc/driver/nvidia/gpus" / bus / "information"
    if sheet.is_file() and (found := re.search(r"Device Minor:\s*(\d+)", sheet.read_text(encoding="utf-8"))):
        return int(found[1])
    nodes = [path.name for path in (root / "dev").glob("nvidia*") if re.fullmatch(r"nvidia\d+", path.name)]
    if len(nodes) != 1:
        raise RuntimeError(f"the node of {bus} was not found; install nvidia-ml-py (pip install gradiente[gpu])")
    return int(nodes[0].removeprefix("nvidia"))


def find_libraries(maps: str) -> Iterator[str]:
    """The driver's libraries among those that a process has mapped, and those that it will want later."""
    paths = {Path(line.split(maxsplit=5)[-1]) for line in maps.splitlines() if "/" in line}
    found = {path for path in paths if _LIBRARY.fullmatch(path.name)}
    later = {path.parent / name for path in found for name in _COMPILERS}
    yield from map(str, found | {path for path in later if path.exists()})


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def main() -> None:
    """Answer what was asked."""
    kind, *rest = sys.argv[1:]
    import torch

    if kind == "look":
        answer = describe_all(torch, Nvml())
    elif kind == "examine":
        gpu = msgspec.json.decode(rest[0], type=Gpu)
        show_only(gpu)
        answer = msgspec.to_builtins(examine(gpu, Nvml(), torch))
    else:
        answer = try_sandbox(msgspec.json.decode(rest[0], type=Gpu))
    # Libraries talk to standard output, too: the answer is its last line.
    print(f"\n{json.dumps(answer)}", flush=True)
    # Without the interpreter's end: a driver in trouble may hold it up, and everything is said.
    os._exit(0)


if __name__ == "__main__":
    main()
