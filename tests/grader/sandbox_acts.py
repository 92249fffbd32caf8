"""Acts that a candidate may try, each run in a sandbox of a fresh process: `python sandbox_acts.py ACT [JSON]`.

Prints one JSON object: what the act returned or raised, and how its process ended. The JSON argument holds `limits`,
`without` (layers left out, for controls) and, for acts that need it, `path`.
"""

import contextlib
import ctypes
import dataclasses
import errno
import fcntl
import json
import mmap
import os
import socket
import sys
import threading
import time
from pathlib import Path

from grader.sandbox import Cgroup, Limits, SandboxError, cgroup, kill, prepare, spawn, watchdog, with_gpu
from grader.sandbox.syscalls import machine, numbers

LIBC = ctypes.CDLL(None, use_errno=True)
HOARD = []


def syscall(name, *arguments):
    result = LIBC.syscall(numbers(machine())[name], *[ctypes.c_long(value) for value in arguments])
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def raw_syscall(name="getpid", arguments=(), **_):
    syscall(name, *arguments)
    return "done"


def connect(path="", **_):
    socket.create_connection(("127.0.0.1", int(path)), timeout=2).close()
    return "connected"


def read(path="", **_):
    return len(Path(path).read_bytes())


def write(path="", **_):
    Path(path).write_text("here")
    return "written"


def fill(path="", megabytes=8, **_):
    done = 0
    with open(path, "wb", buffering=0) as file:
        while done < megabytes << 20:
            done += file.write(bytes(min(1 << 20, (megabytes << 20) - done)))
    return done >> 20


def litter(path="", **_):
    for number in range(100_000):
        Path(path, str(number)).touch()
    return "littered"


def allocate(megabytes=64, **_):
    return len(bytearray(b"x") * (megabytes << 20)) >> 20


def allocate_in_children(megabytes=64, children=4, **_):
    for _ in range(children):
        if os.fork() == 0:
            held = bytearray(os.urandom(1 << 20) * megabytes)
            time.sleep(30 + len(held) * 0)
    time.sleep(30)


def fork_bomb(**_):
    made = 0
    while made < 500:
        try:
            if os.fork() == 0:
                time.sleep(30)
                os._exit(0)
        except OSError as error:
            return [errno.errorcode[error.errno], made]
        made += 1
    return ["", made]


def daemonise(path="", **_):
    """Leave a process behind that would write a file after its parent's death."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(0.5)
            Path(path, "alive").touch()
            os._exit(0)
        os._exit(0)
    return "left"


def execute(**_):
    if os.fork() == 0:
        try:
            os.execv("/bin/true", ["true"])
        except OSError as error:
            os._exit(error.errno)
    return os.waitstatus_to_exitcode(os.wait()[1])


def shared_memory(**_):
    mmap.mmap(-1, 1 << 20).close()
    return "mapped"


def environment(**_):
    return [sorted(os.environ), Path("/proc/self/environ").read_text()]


def descriptors(**_):
    return sorted(number for number in range(1000) if is_open(number))


def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def status(**_):
    lines = Path("/proc/self/status").read_text().splitlines()
    return dict(line.split(":\t") for line in lines if ":\t" in line)


def see(**_):
    return {"root": sorted(os.listdir("/")), "dev": sorted(os.listdir("/dev")), "cwd": os.getcwd(), "pid": os.getpid()}


def type_into_terminal(**_):
    import fcntl

    fcntl.ioctl(0, 0x5412, b"x")


def squander_page_tables(**_):
    """Read one page in every 2 MB of a huge empty map: no memory of its own, but a page table for each."""
    code = LIBC.mmap
    code.restype = ctypes.c_void_p
    start = code(None, ctypes.c_size_t(1 << 40), 1, 0x4022, -1, ctypes.c_long(0))
    if start in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "mmap")
    LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(1 << 40), 15)
    touched = [ctypes.c_char.from_address(start + offset).value for offset in range(0, 200_000 << 21, 1 << 21)]
    time.sleep(30)
    return len(touched)


def hoard_sockets(**_):
    for _ in range(100):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        HOARD.append((ours, theirs))
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(bytes(65536))
    return len(HOARD)


def raise_core_limit(**_):
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def foreign_convention(**_):
    """Call getpid by the 32-bit convention (`mov eax, 20; int 0x80; ret`), which has other numbers."""
    code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    code.write(bytes.fromhex("b814000000cd80c3"))
    return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


def learn(**_):
    """Use what an ordinary submission uses."""
    import torch

    torch.set_num_threads(2)
    product = torch.randn(256, 256) @ torch.randn(256, 256)
    images = torch.randn(4, 3, 16, 16, requires_grad=True)
    torch.nn.Conv2d(3, 8, 3)(images).square().sum().backward()
    torch.save({"images": images}, "/tmp/saved.pt")
    loaded = torch.load("/tmp/saved.pt")
    return [bool(product.isfinite().all()), list(images.grad.shape), list(loaded["images"].shape)]


def use_library(**_):
    import colorsys  # noqa: F401  not imported before the fork
    import multiprocessing
    import sqlite3

    import numpy
    import sklearn.datasets

    heard = []
    thread = threading.Thread(target=lambda: heard.append(1))
    thread.start()
    thread.join()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        squares = pool.map(abs, [-1, -2])
    rank = int(numpy.linalg.matrix_rank(numpy.eye(5)))
    flowers = sklearn.datasets.load_iris().data.shape
    return [heard, squares, rank, list(flowers), sqlite3.connect("/tmp/db").execute("select 1").fetchone()[0]]


def speak(path="/dev/null", command=0x5401, **_):
    """Send a device a command that it does not know."""
    with open(path) as device:
        fcntl.ioctl(device, command - (1 << 32 if command >= 1 << 31 else 0), bytes(64))


def trace_ioctl(command=0, **_):
    """Send a command to nobody: the kernel says so, unless the filter says something else before."""
    try:
        syscall("ioctl", 999, command, 0)
    except OSError as error:
        return "reached the kernel" if error.errno == errno.EBADF else "refused by the filter"


def share_memory(megabytes=64, **_):
    """Take memory that children would share."""
    taken = mmap.mmap(-1, megabytes << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    for place in range(0, megabytes << 20, 4096):
        taken[place] = 1
    HOARD.append(taken)
    return megabytes


def tour(paths=(), **_):
    return {path: Path(path).read_text() if os.path.isfile(path) else None for path in paths}


def open_the_digits(**_):
    import sklearn.datasets

    return len(sklearn.datasets.load_digits().target)


def answer(writer, act, settings):
    try:
        said = {"value": globals()[act](**settings)}
    except BaseException as error:  # the test wants to see it, whatever it is
        said = {"error": type(error).__name__, "errno": errno.errorcode.get(getattr(error, "errno", None) or 0, "")}
    os.write(writer, json.dumps(said).encode())
    if settings.get("linger"):
        time.sleep(30)


def main():
    act, settings = sys.argv[1], json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
    limits = Limits(**settings.pop("limits", {}))
    without = frozenset(settings.pop("without", ()))
    if act == "learn":
        import torch

        torch.cpu._is_avx2_supported()
    # what a careless caller leaves open
    os.dup2(os.open("/", os.O_RDONLY), 700)
    group = None
    if settings.pop("cgroup", False):
        group = Cgroup(limits, cgroup.find())
    # as for a candidate with a GPU, with nodes that this host has
    nodes = settings.pop("nodes", None)
    plan = prepare() if nodes is None else with_nodes(nodes)
    more = {} if nodes is None else {"start": lambda: None, "environment": {"CUDA_VISIBLE_DEVICES": "GPU-1"}}
    reader, writer = os.pipe()
    try:
        pid = spawn(
            limits, [writer], lambda: answer(writer, act, settings), without=without, group=group, plan=plan, **more
        )
    except SandboxError as error:
        print(json.dumps({"refused": error.step, "text": str(error)}))
        return
    report = {"host_uid": os.stat(f"/proc/{pid}").st_uid}
    os.close(writer)
    if settings.get("watch"):
        report["watched"] = watch(pid, settings["watch"], nodes is not None)
    else:
        report.update(json.loads(os.read(reader, 1 << 16) or b"{}"))
    if settings.get("linger"):
        report["use"] = watchdog.measure(pid).__dict__
        report["status"] = kill(pid)
    elif not settings.get("watch"):
        report["status"] = os.waitpid(pid, 0)[1]
    if group is not None:
        report["out_of_memory"] = group.was_out_of_memory()
        group.remove()
    time.sleep(settings.get("wait", 0))
    print(json.dumps(report))


def with_nodes(nodes):
    """The plan for a candidate with a GPU, whose nodes are these and whose driver says little."""
    plan = with_gpu(prepare(), -1)
    plan.view.devices.extend(nodes)
    plan.view.files.extend(nodes)
    plan.view.texts.update({"/proc/driver/nvidia/params": "ModifyDeviceFiles: 0\n", "/proc/modules": "nvidia\n"})
    return dataclasses.replace(plan, devices=tuple(nodes))


def watch(pid, limit_mb, has_gpu=False):
    """Poll as a warm parent does, and kill what outgrows its limit."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        used = watchdog.resident_mb(pid, enough_mb=limit_mb, has_gpu=has_gpu)
        if used > limit_mb:
            kill(pid)
            return used
        time.sleep(0.02)
    kill(pid)
    return None


if __name__ == "__main__":
    prepare()
    main()
