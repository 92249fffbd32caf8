"""The kernel, from the inside of the sandbox: ipykernel, on sockets that were made outside."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, cast

import zmq
from ipykernel.heartbeat import Heartbeat
from ipykernel.iostream import IOPubThread
from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.connect import KernelConnectionInfo

from grader.nbgrader.kernel import CHANNELS


class SandboxedKernel(IPythonKernel):
    """ipykernel's kernel as the first process of a PID namespace."""

    def _send_interrupt_children(self) -> None:
        # By process group, as ipykernel does it, number 1 would mean everybody but this process.
        os.kill(os.getpid(), signal.SIGINT)


class _Heart(Heartbeat):
    """Beats on a socket that is there already."""

    def __init__(self, listener: int, address: tuple[str, str, int]) -> None:
        super().__init__(zmq.Context(), address)
        self._listener = listener

    def _try_bind_socket(self) -> Any:
        self.socket.setsockopt(zmq.USE_FD, self._listener)
        return super()._try_bind_socket()


class SandboxedKernelApp(IPKernelApp):
    """Takes its connection from memory and its sockets from outside, where clients can reach them and it cannot."""

    connection: dict[str, Any]
    listeners: dict[int, int]

    def init_connection_file(self) -> None:
        """There is no file."""
        self.load_connection_info(cast(KernelConnectionInfo, self.connection))

    def write_connection_file(self, **kwargs: Any) -> None:
        """There is no file."""

    def _try_bind_socket(self, s: Any, port: int) -> int:
        s.setsockopt(zmq.USE_FD, self.listeners[port])
        return int(super()._try_bind_socket(s, port))

    def init_control(self, context: Any) -> None:
        """Make the control channel. The debugger's way to the shell leads through a path, which is not there."""
        super().init_control(context)
        self.debug_shell_socket.disconnect(self.shell_socket.getsockopt(zmq.LAST_ENDPOINT))

    def init_iopub(self, context: Any) -> None:
        """Make the channel for outputs, without the way for those of forked processes: it is over TCP."""
        self.iopub_socket = context.socket(zmq.XPUB)
        self.iopub_socket.linger = 1000
        self.iopub_port = self._bind_socket(self.iopub_socket, self.iopub_port)
        self.configure_tornado_logger()
        self.iopub_thread = IOPubThread(self.iopub_socket, session=self.session)
        self.iopub_thread.start()
        self.iopub_socket = self.iopub_thread.background_socket

    def init_heartbeat(self) -> None:
        """Start the heartbeat."""
        self.heartbeat = _Heart(self.listeners[self.hb_port], (self.transport, self.ip, self.hb_port))
        self.heartbeat.start()

    def init_path(self) -> None:
        """Let notebooks import what lies beside them; what is installed comes after it, the standard library before."""
        place = next((index for index, path in enumerate(sys.path) if path.endswith("-packages")), 0)
        sys.path.insert(place, "")


def run(connection: dict[str, Any], listeners: list[int], arguments: list[str]) -> None:
    """Be the kernel until it is told to end. ``listeners`` are in the order of CHANNELS."""
    application = SandboxedKernelApp.instance(kernel_class=SandboxedKernel)
    application.connection = connection
    ports = [connection[f"{channel}_port"] for channel in CHANNELS]
    application.listeners = dict(zip(ports, listeners, strict=True))
    application.initialize(["--HistoryManager.hist_file=:memory:", *arguments])
    application.start()
