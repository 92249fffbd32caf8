"""What Jupyter asks to start, watch and end a sandboxed kernel."""

from __future__ import annotations

import asyncio
import os
import select
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Integer, List, Unicode

from grader.nbgrader.kernel import CHANNELS
from grader.nbgrader.kernel.files import HIDDEN, pack
from grader.nbgrader.kernel.parent import start_kernel
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout

#: bytes of a socket's path, the last of them a zero: sockaddr_un
_PATH = 108
#: threads of ipykernel's and ZeroMQ's, whose stacks are no memory of the student's
_THREADS = 16
#: how often the end of a kernel is looked for, in seconds
_PAUSE = 0.05
#: nbgrader tells notebooks by this variable that they are being graded
_PASSED_ON = ("NBGRADER_EXECUTION",)


class SandboxProvisioner(KernelProvisionerBase):
    """Starts ipykernel in Gradiente's sandbox. Refuses, with a reason, where there is none."""

    memory_mb = Integer(4096, min=1, help="Megabytes that a notebook may take beyond Python, torch and its files.").tag(
        config=True
    )
    tmp_mb = Integer(1024, min=1, help="Megabytes of its files, those beside the notebook included.").tag(config=True)
    processes = Integer(64, min=16, help="Processes and threads together.").tag(config=True)
    cpu_seconds = Integer(
        0, min=0, help="Seconds of a processor after which the kernel ends; 0: cells' time-outs are enough."
    ).tag(config=True)
    hidden_files = List(
        Unicode(), list(HIDDEN), help="Patterns of files beside the notebook that it must not see."
    ).tag(config=True)

    _life: Channel | None = None
    _status: int | None = None
    _folder: Path | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self._life is not None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose where the kernel's sockets are: over TCP nothing could reach it, or it anything."""
        manager: Any = self.parent
        if self._folder is None:  # a restart keeps its connection
            self._folder = _make_folder()
            manager.cache_ports, manager.transport, manager.ip = False, "ipc", str(self._folder / "k")
            for number, channel in enumerate(CHANNELS, 1):
                setattr(manager, f"{channel}_port", number)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        arguments = kwargs.pop("extra_arguments", [])
        kwargs.pop("transport_encryption", None)  # a folder of our own needs none
        return await super().pre_launch(cmd=list(arguments), **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start a kernel with copies of its folder's files. Raises InfrastructureError where there is no sandbox."""
        environment = {**self.kernel_spec.env, **{name: os.environ[name] for name in _PASSED_ON if name in os.environ}}
        key = self.connection_info["key"]
        order = {
            "connection": {**self.connection_info, "key": key.decode() if isinstance(key, bytes) else key},
            "arguments": cmd,
            "environment": environment,
            "limits": {
                "memory_mb": self.memory_mb,
                "tmp_mb": self.tmp_mb,
                "processes": self.processes,
                "cpu_seconds": self.cpu_seconds or None,
                "threads": _THREADS,
            },
        }
        self._status = None
        try:
            # A thread that ends: this process may have to fork one day.
            with ThreadPoolExecutor(1) as thread:
                folder = Path(kwargs.get("cwd") or os.devnull)
                self._life = await asyncio.get_running_loop().run_in_executor(thread, self._start, order, folder)
        except Exception:
            await self.cleanup()
            raise
        return self.connection_info

    def _start(self, order: dict[str, Any], folder: Path) -> Channel:
        with ExitStack() as stack:
            archive = stack.enter_context(pack(folder, self.tmp_mb, self.hidden_files))
            listeners = [stack.enter_context(self._listener(channel)) for channel in CHANNELS]
            return start_kernel(order, [archive.fileno(), *(each.fileno() for each in listeners)])

    @contextmanager
    def _listener(self, channel: str) -> Iterator[socket.socket]:
        """A socket that the kernel answers on. It is made here, so that the sandbox needs no folder of ours."""
        path = f"{self.connection_info['ip']}-{self.connection_info[f'{channel}_port']}"  # type: ignore[literal-required]
        with suppress(FileNotFoundError):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            yield listener

    async def poll(self) -> int | None:
        """None while the kernel runs."""
        if self._life is None:
            return 0
        if self._status is None and select.select([self._life], [], [], 0)[0]:
            self._status = _ended(self._life)
        return self._status

    async def wait(self) -> int | None:
        """Wait until no process of the kernel is left."""
        while await self.poll() is None:
            await asyncio.sleep(_PAUSE)
        if self._life is not None:
            self._life.close()
            self._life = None
        return self._status

    async def send_signal(self, signum: int) -> None:
        """End the kernel, whatever ends a process; interrupts go by message."""
        if signum not in (0, signal.SIGINT):
            await self.kill()

    async def kill(self, restart: bool = False) -> None:
        """End every process of the sandbox."""
        if self._life is not None and self._status is None:
            with suppress(ChannelClosed, ChannelTimeout):
                self._life.send("kill", timeout=1.0)

    async def terminate(self, restart: bool = False) -> None:
        """End every process of the sandbox: a kernel that did not end when it was asked to has had its chance."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove the sockets' folder."""
        if not restart and self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _make_folder() -> Path:
    """A folder that is nobody else's, with a path that is short enough for sockets."""
    for place in dict.fromkeys([tempfile.gettempdir(), "/tmp"]):
        folder = Path(tempfile.mkdtemp(prefix="gradiente-kernel-", dir=place))
        if len(os.fsencode(folder / "k-0")) < _PATH:
            return folder
        folder.rmdir()
    raise OSError(f"{tempfile.gettempdir()} is too long a path for sockets, and /tmp cannot be used")


def _ended(life: Channel) -> int:
    """How a kernel ended, as Python tells it of processes; one that went with its parent was killed."""
    try:
        told, _ = life.receive(time.monotonic() + 1.0)
        return os.waitstatus_to_exitcode(told["ended"])
    except (ChannelClosed, ChannelTimeout):
        return -signal.SIGKILL
