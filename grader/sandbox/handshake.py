"""What the caller and the process that isolates itself say to each other, one packet each:

caller → A  "go"          it may begin (and is in its cgroup)
A → caller  "pid N"       B is process N
caller → B  "go"          A is gone
B → caller  "ready"       every layer holds; closed for good, student code follows
A, B → caller "error step errno text"    instead, at any time
"""

import os
import socket

from grader.sandbox.limits import SandboxError

#: isolating takes milliseconds; only a host in deep trouble needs longer than this
PATIENCE_S = 20.0
#: and so much longer where a device is started: a driver that was asleep wakes up slowly
DEVICE_S = 120.0


class ChildEnd:
    """The end that the isolated process holds until it is ready."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        self._may_speak = False

    def fileno(self) -> int:
        """Tell which descriptor must stay open for now."""
        return self._wire.fileno()

    def wait(self) -> None:
        """Wait for "go"; raises when the caller is gone."""
        if self._wire.recv(16) != b"go":
            raise ConnectionError("the caller has gone away")
        self._may_speak = True

    def inherit(self) -> None:
        """Begin as B, which may not speak before its own "go": its packet could overtake the one that names it."""
        self._may_speak = False

    def announce(self, pid: int) -> None:
        """Tell the caller which process will be the candidate."""
        self._wire.send(b"pid %d" % pid)

    def ready(self) -> None:
        """Tell the caller that student code comes next."""
        self._wire.send(b"ready")
        self._wire.close()

    def fail(self, step: str, errno: int, detail: str) -> None:
        """Tell the caller what went wrong, if it still listens."""
        try:
            if not self._may_speak:
                self.wait()
            self._wire.send(f"error\n{step}\n{errno}\n{detail[:1000]}".encode(errors="replace"))
        except OSError:
            return


class ParentEnd:
    """The caller's end."""

    def __init__(self, wire: socket.socket, patience: float = PATIENCE_S) -> None:
        self._wire = wire
        self._wire.settimeout(patience)

    def go(self) -> None:
        """Let the other side take its next step."""
        try:
            self._wire.send(b"go")
        except OSError:
            # it died: the packet or the silence that is read next says why
            return

    def pid(self) -> int:
        """Read which process will be the candidate."""
        return int(self._read(b"pid"))

    def expect_ready(self) -> None:
        """Read that isolation is complete."""
        self._read(b"ready")

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def _read(self, expected: bytes) -> bytes:
        try:
            packet = self._wire.recv(8192)
        except OSError as error:
            raise SandboxError("handshake", error.errno or 0, str(error)) from error
        word, _, rest = packet.partition(b" ")
        if word == expected:
            return rest
        if packet.startswith(b"error\n"):
            step, errno, detail = packet.decode(errors="replace").split("\n", 3)[1:]
            raise SandboxError(step, int(errno), detail)
        raise SandboxError("handshake", 0, f"the child said {packet[:100]!r} instead of {expected!r}")


def pair() -> tuple[socket.socket, socket.socket]:
    """Make both ends: packets, not a stream, so that two writers cannot mix theirs."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def reap(pid: int) -> int | None:
    """Wait for a child and give its status; None when it is none of ours."""
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return None
