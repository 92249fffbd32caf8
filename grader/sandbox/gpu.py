"""What a candidate with a GPU sees of the host besides what all see, and what it may ask the driver.

/dev/nvidiactl, /dev/nvidia-uvm      the driver's own nodes
/dev/nvidia<minor>                   the one GPU's
/proc/driver/nvidia/params           that nodes are not to be made or changed: it could not
/proc/devices, /proc/modules         the driver's lines alone
/sys/devices/system/...              how memory lies, read-only
the driver's libraries               where the view has none

The commands are those of the driver's public headers (nv-ioctl-numbers.h, nv_escape.h, uvm_ioctl.h) that computing
needs. Those of profilers, debuggers, displays and of several GPUs together are left out.
"""

from __future__ import annotations

import copy
import errno
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from grader.sandbox import mounts, seccomp, syscalls
from grader.sandbox.limits import SandboxError
from grader.sandbox.mounts import View
from grader.sandbox.plan import Plan
from grader.sandbox.seccomp import Commands

#: read and write ('R', 'W'), kind 'F', a number; the size of the argument changes with the driver's version
_DIRECTION_KIND_NUMBER = 0xC000_FFFF
_FRONTEND = 0xC000_4600
#: card info, register fd, alloc and free OS event, check version, attach GPUs to fd, system parameters, NUMA info,
#: wait for open
_CONTROL = (0xC8, 0xC9, 0xCE, 0xCF, 0xD2, 0xD4, 0xD6, 0xD7, 0xDA)
#: of the resource manager: alloc memory, free, control, alloc, duplicate, share, idle channels, heap control, map and
#: unmap memory, alloc context DMA, map and unmap DMA, update mapping
_RESOURCES = (0x27, 0x29, 0x2A, 0x2B, 0x34, 0x35, 0x41, 0x4A, 0x4E, 0x4F, 0x54, 0x57, 0x58, 0x5E)
#: of unified memory, which numbers its commands plainly: initialise and end it; range groups; address spaces and
#: channels; external memory; free; GPUs; preferences of where pages lie; migration; dynamic parallelism; semaphores
_UNIFIED = (
    0x3000_0001, 0x3000_0002, 23, 24, 25, 26, 27, 28, 31, 33, 34, 37, 38, 39, 42, 43, 44, 45, 46, 47, 51, 53, 65, 66,
    68, 72, 73, 75,
)  # fmt: skip
COMMANDS = Commands(_UNIFIED, tuple(_FRONTEND | number for number in (*_CONTROL, *_RESOURCES)), _DIRECTION_KIND_NUMBER)

#: how memory and nodes lie: the driver asks for the first, CUDA for the second
_SYSTEM = ("/sys/devices/system/memory/block_size_bytes", "/sys/devices/system/node")
_PARAMS = "ModifyDeviceFiles: 0\n"


def nodes_of(minor: int) -> tuple[str, ...]:
    """The device nodes of one GPU."""
    return "/dev/nvidiactl", "/dev/nvidia-uvm", f"/dev/nvidia{minor}"


def with_gpu(plan: Plan, minor: int, libraries: Iterable[str] = (), root: str = "") -> Plan:
    """The plan for a candidate with one GPU; -1 for one without nodes, a stand-in of tests.

    ``root`` is where the host's tree begins. Raises SandboxError where a node is missing.
    """
    architecture = syscalls.machine()
    view = copy.deepcopy(plan.view)
    nodes = nodes_of(minor) if minor >= 0 else ()
    for node in nodes:
        if not os.path.exists(root + node):
            raise SandboxError("device", errno.ENOENT, f"{node} is missing")
        view.devices.append(node)
        view.files.append(node)
    if nodes:
        _show_host(view, Path(f"{root}/"))
    for library in libraries:
        mounts.add(view, library)
    program = seccomp.compile_filter(architecture, commands=COMMANDS)
    return replace(plan, view=view, filter=program, devices=nodes)


def _show_host(view: View, root: Path) -> None:
    view.texts["/proc/driver/nvidia/params"] = _PARAMS
    for name in ("devices", "modules"):
        view.texts[f"/proc/{name}"] = _drivers_lines(root / "proc" / name)
    for path in _SYSTEM:
        if os.path.exists(f"{root}{path}"):
            mounts.add(view, path)


def _drivers_lines(table: Path) -> str:
    """Of what the kernel lists, the driver's lines and the headings above them."""
    if not table.is_file():
        return ""
    lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    return "".join(f"{line}\n" for line in lines if "nvidia" in line or line.endswith("devices:"))
