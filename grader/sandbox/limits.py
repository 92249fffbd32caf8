"""What a candidate may use, what a layer of the sandbox is, and the one error that the sandbox raises."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much one sandbox may use; megabytes are 2**20 bytes."""

    #: beyond what the warm parent already has
    memory_mb: int = 1024
    #: processes and threads together
    processes: int = 64
    #: open descriptors of each process
    files: int = 256
    #: largest file
    file_mb: int = 512
    #: private /tmp
    tmp_mb: int = 64
    #: private /dev/shm
    shm_mb: int = 512
    #: CPU time of each process; None leaves time to the caller's deadline
    cpu_seconds: int | None = None
    #: threads of torch's in each process, whose stacks are no memory of the student's
    threads: int = 1
    #: whether a device's driver may reserve addresses without end, as CUDA does
    reserves: bool = False


@dataclass(frozen=True)
class Layer:
    """One layer of isolation as found on this host."""

    name: str
    holds: bool
    #: without it, candidates are refused
    required: bool
    #: what was tried and found
    detail: str
    #: what the operator does about it; empty where the layer holds
    mend: str = ""


class SandboxError(Exception):
    """A layer could not be set up, so no student code was run."""

    def __init__(self, step: str, errno: int, detail: str) -> None:
        super().__init__(step, errno, detail)
        self.step = step
        self.errno = errno
        self.detail = detail

    @property
    def mend(self) -> str:
        """Say what the operator can do about it."""
        return MENDS.get(self.step, "Run `gradiente doctor` as the grader's user.")

    def __str__(self) -> str:
        return f"sandbox: {self.step}: {self.detail}. {self.mend}"


_USERNS = (
    "Allow unprivileged user namespaces: `sysctl user.max_user_namespaces=10000`, on Debian also "
    "`kernel.unprivileged_userns_clone=1`, on Ubuntu 24.04 and later `kernel.apparmor_restrict_unprivileged_userns=0` "
    "or an AppArmor profile with `userns,` for this Python; in a container, `--security-opt "
    "seccomp=docker/seccomp.json` and `--security-opt apparmor=unconfined`, as docker-compose.yml has them."
)

#: step of the set-up -> what the operator does when it fails
MENDS = {
    "system": "The sandbox needs Linux 5.12 or newer on x86_64 or aarch64. Elsewhere only the self-check works.",
    "fork": "Raise the process limit or the memory of the grader's user.",
    "threads": "Start no thread in the warm parent: torch.set_num_threads belongs into the candidate.",
    "identity": "Run the grader as an ordinary user, or give its root a mapped uid 65534.",
    "namespaces": _USERNS,
    "uid map": _USERNS,
    "root": _USERNS + " Python and its packages must be readable by the candidate's user; Linux must be 5.12 or newer.",
    "proc": "In a container, allow a fresh /proc (Docker: `--security-opt systempaths=unconfined`).",
    "descriptors": "Pass only pipes, sockets and plain files to the sandbox.",
    "rlimits": "The grader's own hard limits (`ulimit -H -a`) are below the sandbox's: raise them.",
    "capabilities": "Report this as a bug: dropping capabilities is always permitted.",
    "landlock": "Report this as a bug with the kernel's version; Linux older than 5.13 is used without Landlock.",
    "device": "Run `gradiente doctor`, which tries each GPU inside the sandbox and shows what the driver says.",
    "seccomp": "The kernel needs CONFIG_SECCOMP_FILTER, and the machine must be x86_64 or aarch64.",
    "cgroup": "Delegate a cgroup to the grader (systemd: `Delegate=memory pids` and `DelegateSubgroup=grader`); "
    "until then the watchdog bounds memory.",
    "watchdog": "The kernel needs CONFIG_PROC_CHILDREN and CONFIG_PROC_PAGE_MONITOR, and a readable /proc.",
    "handshake": "The child died while it was being isolated: look at the kernel's log for the reason.",
}
