"""The candidate's file system: a new root that holds Python, its packages and libraries read-only, and nothing else.

/tmp, /dev/shm           private tmpfs, size-limited; /tmp is the working directory and HOME
/dev                     null, full, random, urandom
/proc                    of the sandbox's own PID namespace, read-only, absent where the host refuses it; with a GPU
                         in a folder of its own, beside the few words of the driver's (`gpu`)
<prefix>/lib/python3.x   and the other places of `mounts.find`, at the paths that they have outside
"""

import ctypes
import errno
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from grader.sandbox.kernel import AT_FDCWD, call
from grader.sandbox.limits import Limits
from grader.sandbox.mounts import SKELETON, View

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV, _ATTR_NOEXEC = 1, 2, 4, 8
_AT_EMPTY_PATH, _AT_RECURSIVE = 0x1000, 0x8000
_OPEN_TREE_CLONE, _MOVE_FROM_EMPTY_PATH = 1, 4
_SYSTEM = _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV
#: device nodes would be useless under nodev. Those of a GPU (/dev/nvidia*) join this list for candidates that have one.
#: /dev/zero is missing on purpose: mapping it shared gives memory that neither RLIMIT_DATA nor tmpfs sizes bound.
DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")
_DEVICE = _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NOEXEC
#: an old directory that every system has, hidden by the new root until the old one goes away
_STAGE = "/tmp"


@dataclass(frozen=True)
class Tree:
    """A detached copy of one mounted tree, waiting for its place in the new root."""

    descriptor: int
    target: str


def open_trees(view: View) -> list[Tree]:
    """Take read-only copies of everything that the candidate may see."""
    trees = [Tree(_open_tree(path, _SYSTEM), path) for path in view.mounts]
    trees += [Tree(_open_tree(path, _DEVICE), path) for path in view.devices]
    # a device node where devices do not work: opening it is refused
    return trees + [Tree(_open_tree("/dev/null", _SYSTEM), path) for path in view.closed]


def _open_tree(path: str, attributes: int) -> int:
    tree = call("open_tree", AT_FDCWD, os.fsencode(path), _OPEN_TREE_CLONE | os.O_CLOEXEC | _AT_RECURSIVE)
    # attributes are set while nobody can reach the copy; flags that the host locked stay, because none is cleared
    _set_attributes(tree, b"", attributes, _AT_EMPTY_PATH | _AT_RECURSIVE)
    return tree


def _set_attributes(directory: int, path: bytes, attributes: int, flags: int) -> None:
    # struct mount_attr: attr_set, attr_clr, propagation, userns_fd
    wanted = (ctypes.c_uint64 * 4)(attributes, 0, _MS_PRIVATE, 0)
    call("mount_setattr", directory, path, flags, ctypes.byref(wanted), ctypes.sizeof(wanted))


def _mount(kind: str, target: str, flags: int, options: str) -> None:
    call("mount", kind.encode(), target.encode(), kind.encode(), flags, options.encode())


def build(view: View, trees: Sequence[Tree], limits: Limits, without: Collection[str] = ()) -> None:
    """Assemble the new root and make it the only one; the caller is alone in a fresh mount and PID namespace.

    ``without`` may leave out the bounds of the scratch folders (``scratch``) and the mount of /proc (``proc``).
    """
    tmp_mb, shm_mb = (None, None) if "scratch" in without else (limits.tmp_mb, limits.shm_mb)
    call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
    _mount("tmpfs", _STAGE, _MS_NOSUID | _MS_NODEV, "mode=0755,size=1m,nr_inodes=4096")
    os.chdir(_STAGE)
    for directory in SKELETON:
        os.mkdir(directory.lstrip("/"), 0o755)
    # before the rest: a virtual environment below /tmp is mounted into the private /tmp
    _mount_scratch("tmp", tmp_mb)
    _mount_scratch("dev/shm", shm_mb)
    _furnish(view)
    for tree in trees:
        target = os.fsencode(tree.target.lstrip("/"))
        call("move_mount", tree.descriptor, b"", AT_FDCWD, target, _MOVE_FROM_EMPTY_PATH)
        os.close(tree.descriptor)
    if "proc" not in without:
        _mount_proc("proc" if not view.texts else _join_proc(view))
    _set_attributes(AT_FDCWD, b".", _SYSTEM | _ATTR_NOEXEC, 0)
    # pivot_root(".", ".") stacks the old root on the new one, so that no directory for it is needed
    call("pivot_root", b".", b".")
    call("umount2", b".", _MNT_DETACH)
    os.chdir("/tmp")


def _furnish(view: View) -> None:
    """Make the directories, files and links that things are mounted on."""
    for directory in view.directories:
        os.mkdir(directory.lstrip("/"), 0o755)
    for file in view.files:
        os.close(os.open(file.lstrip("/"), os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    for link, target in view.links:
        os.symlink(target, link.lstrip("/"))


def _mount_scratch(target: str, megabytes: int | None) -> None:
    options = "mode=0777"
    if megabytes is not None:
        # tmpfs keeps an inode in about a kilobyte of kernel memory: their number is bounded with the size
        options += f",size={megabytes}m,nr_inodes={max(1024, megabytes * 64)}"
    _mount("tmpfs", target, _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, options)


def _join_proc(view: View) -> str:
    """Write what the view says of the host, and give the place for the kernel's own entries, which links lead to.

    A mounted /proc takes no files, and only of its own namespace's processes may a candidate know.
    """
    for path, text in view.texts.items():
        os.makedirs(os.path.dirname(path).lstrip("/"), mode=0o755, exist_ok=True)
        with open(path.lstrip("/"), "w", encoding="utf-8") as file:
            file.write(text)
    os.mkdir("proc/.own", 0o755)
    for name in ("self", "thread-self", "1"):
        os.symlink(f".own/{name}", f"proc/{name}")
    return "proc/.own"


def _mount_proc(target: str) -> None:
    flags = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC | _MS_RDONLY
    try:
        _mount("proc", target, flags, "subset=pid")
    except PermissionError as error:
        # a container hides parts of its own /proc, and then the kernel gives no fresh one; the candidate goes without,
        # which shows it less, not more
        if error.errno != errno.EPERM:
            raise
