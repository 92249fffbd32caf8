"""Which parts of the host's file system a candidate must see in order to run Python; found once, before any fork."""

import os
import re
import site
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field

#: where system libraries lie: a library found here brings its folder, a library found elsewhere brings itself only
_LIBRARY_FOLDERS = re.compile(r"/(usr/(local/)?)?lib(32|64|x32)?(/[a-z0-9_]+-linux-gnu\w*)?")
_ZONES = "/usr/share/zoneinfo"
#: data sets that packages bring and that submissions are asked about
_ANSWERS = ("sklearn/datasets/data/digits.csv.gz",)
#: directories of every new root, parents before children
SKELETON = ("/tmp", "/proc", "/dev", "/dev/shm")
_DEVICE_LINKS = {"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1"}


@dataclass
class View:
    """What the new root holds; every path is absolute and, but for links, free of symbolic links."""

    mounts: list[str] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)
    #: parents before children
    directories: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    #: files inside the mounts that a candidate finds, and may not open
    closed: list[str] = field(default_factory=list)
    #: files of the new root with what they say
    texts: dict[str, str] = field(default_factory=dict)


def find(devices: Iterable[str]) -> View:
    """Plan the new root of this very process: the same Python, the same packages, the same libraries."""
    view = View(links=list(_DEVICE_LINKS.items()))
    wanted = [*_python_folders(), *_libraries(), _ZONES]
    # shorter first, so that what lies inside a mounted folder is not mounted again
    for path in sorted(set(wanted), key=lambda path: (len(os.path.realpath(path)), path)):
        if os.path.exists(path):
            add(view, path)
    places = (os.path.realpath(os.path.join(folder, name)) for folder in _python_folders() for name in _ANSWERS)
    view.closed.extend(sorted({path for path in places if os.path.isfile(path) and _is_inside(path, view.mounts)}))
    for device in devices:
        if os.path.exists(device):
            view.devices.append(device)
            view.files.append(device)
    return view


def _python_folders() -> list[str]:
    """List the library folders of this Python and of its virtual environment; never the rest of sys.path.

    An editable install puts a repository on sys.path, and a repository holds hidden tests.
    """
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    roots = [os.path.join(prefix, name) + os.sep for prefix in prefixes for name in ("lib", "lib64")]
    installed = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    if site.ENABLE_USER_SITE:
        installed.append(site.getusersitepackages())
    on_path = [entry for entry in sys.path if entry.startswith(tuple(roots))]
    return [os.path.abspath(folder) for folder in (*installed, *on_path)]


def _libraries() -> list[str]:
    """List what the shared libraries of this process need: their folders where those hold nothing but libraries."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        mapped = {line.split(maxsplit=5)[-1].rstrip("\n") for line in maps if "/" in line}
    found = set()
    for library in (path for path in mapped if re.search(r"\.so(\.|$)", path)):
        folder = os.path.dirname(library)
        found.add(folder if _LIBRARY_FOLDERS.fullmatch(folder) else library)
    # maps shows real paths; dlopen searches /lib and /lib64, which are links to /usr where the two are merged
    aliases = {folder.removeprefix("/usr") for folder in found}
    return [*found, *(alias for alias in aliases if _LIBRARY_FOLDERS.fullmatch(alias))]


def add(view: View, path: str) -> None:
    """Mount `path` at its real place and repeat the symbolic links that lead there."""
    done = ""
    parts = [part for part in path.split("/") if part]
    while parts:
        if _is_inside(done, view.mounts):
            # links in here come with the mount, but may lead out of it again
            real = os.path.realpath(path)
            return None if _is_inside(real, view.mounts) else add(view, real)
        here = f"{done}/{parts.pop(0)}"
        if os.path.islink(here):
            target = os.readlink(here)
            if (here, target) not in view.links:
                view.links.append((here, target))
            path = os.path.normpath(os.path.join(done or "/", target, *parts))
            return add(view, path)
        if parts or os.path.isdir(here):
            _add_directory(view, here)
        done = here
    if _is_inside(done, view.mounts):
        return None
    if not os.path.isdir(done):
        view.files.append(done)
    view.mounts.append(done)
    return None


def _add_directory(view: View, path: str) -> None:
    if path not in (*SKELETON, *view.directories) and not _is_inside(path, view.mounts):
        view.directories.append(path)


def _is_inside(path: str, mounts: Iterable[str]) -> bool:
    return any(path == mount or path.startswith(mount + "/") for mount in mounts)
