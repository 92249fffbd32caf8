"""Several processes that are one portal, as under gunicorn: where they keep what they have counted.

Each writes into files of its own (prometheus_client's multiprocess mode). What a process has counted stays when it
ends, so that counters never go back: its files are then added to those of number 0, for processes come and go without
end.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: what is counted: counters and histograms
KINDS = ("counter", "histogram")
#: no process has this number
GONE = 0


def share_metrics() -> Path:
    """Give the processes that are about to be forked an empty folder, that of the variable or a new one."""
    if os.environ.get(VARIABLE):
        folder = Path(os.environ[VARIABLE])
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    else:
        folder = Path(tempfile.mkdtemp(prefix="gradiente-metrics-"))
        atexit.register(_remove, folder, os.getpid())
    for left in folder.glob("*.db"):
        left.unlink()
    os.environ[VARIABLE] = str(folder)
    # Chosen when prometheus_client was imported, which may have been before.
    values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
    return folder


def forget_process(pid: int) -> None:
    """Add what a process that has ended has counted to that of all that have."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    with _locked(Path(folder), fcntl.LOCK_EX):
        for kind in KINDS:
            path = Path(folder) / f"{kind}_{pid}.db"
            if path.is_file():
                _add(path, path.with_name(f"{kind}_{GONE}.db"))
                path.unlink()


@contextmanager
def reading() -> Iterator[None]:
    """Nobody's files are added to others meanwhile: what they hold would be read twice."""
    folder = os.environ.get(VARIABLE)
    if not folder:
        yield
        return
    with _locked(Path(folder), fcntl.LOCK_SH):
        yield


def _remove(folder: Path, maker: int) -> None:
    """Leave nothing behind. Processes that were forked end as well, before the others do."""
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


def _add(path: Path, to: Path) -> None:
    found = {key: value for key, value, *_ in MmapedDict.read_all_values_from_file(str(path))}  # type: ignore[no-untyped-call]
    kept = MmapedDict(str(to))  # type: ignore[no-untyped-call]
    try:
        for key, value in found.items():
            known, at = kept.read_value(key)  # type: ignore[no-untyped-call]
            kept.write_value(key, known + value, at)  # type: ignore[no-untyped-call]
    finally:
        kept.close()  # type: ignore[no-untyped-call]


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[None]:
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
