"""Memory beside a frame: one file that holds the large buffers of a value, passed as a descriptor.

The examiner writes a sealed memory file, which the candidate maps privately: one copy. The candidate may not make
memory files (they would escape its memory limit), so it writes into its own size-limited ``/dev/shm``, and the
examiner reads the file once into memory of its own: two copies, and nothing that is changed later can matter.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import stat

import torch

_ALIGNMENT = 64
_SEALS = 0x0001 | 0x0002 | 0x0004 | 0x0008  # F_SEAL_SEAL, SHRINK, GROW, WRITE


class BlobError(Exception):
    """A descriptor that is not a blob."""


class Blob:
    """One file of buffers: written by ``write``, then ``seal``; or opened on a received descriptor and ``read``."""

    #: set once in a candidate: the folder for its files
    folder: str | None = None

    def __init__(self, fd: int = -1, *, mapped: bool = False) -> None:
        self.fd = fd
        self._mapped = mapped
        self._size = 0
        self._map: mmap.mmap | None = None
        self._original: mmap.mmap | None = None

    def write(self, data: memoryview) -> int:
        """Append a buffer and return its offset."""
        if self.fd < 0:
            self.fd = self._create()
        offset = self._size
        view = data.cast("B")
        while len(view):
            written = os.pwrite(self.fd, view[: 1 << 30], self._size)
            self._size += written
            view = view[written:]
        self._size += -self._size % _ALIGNMENT
        os.ftruncate(self.fd, self._size)
        return offset

    def seal(self) -> None:
        """Make a memory file unchangeable before it is sent."""
        if self.fd >= 0 and self.folder is None:
            fcntl.fcntl(self.fd, fcntl.F_ADD_SEALS, _SEALS)

    def read(self, offset: int, nbytes: int) -> torch.Tensor:
        """A writable uint8 tensor of our own. Raises BlobError where the file holds less."""
        if self.fd < 0:
            raise BlobError("the descriptor is missing")
        status = os.fstat(self.fd)
        if not stat.S_ISREG(status.st_mode) or offset < 0 or offset % _ALIGNMENT or offset + nbytes > status.st_size:
            raise BlobError("the file does not hold the buffer")
        return self._map_private(offset, nbytes) if self._mapped else self._copy(offset, nbytes)

    def original(self, offset: int, nbytes: int) -> torch.Tensor:
        """The bytes as they were received, whatever has happened to the mapped ones.

        Raises BlobError. Of a file that the other side can change, what is there now: it is read and never mapped,
        because a mapped file that shrinks ends who looks at it.
        """
        if not self._mapped:
            return self._copy(offset, nbytes)
        if self._original is None:
            self._original = mmap.mmap(self.fd, 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        return torch.frombuffer(self._original, dtype=torch.uint8, count=nbytes, offset=offset)

    def close(self) -> None:
        """Close the descriptor; memory that was read stays valid."""
        if self.fd >= 0:
            with contextlib.suppress(OSError):
                os.close(self.fd)
            self.fd = -1

    def _create(self) -> int:
        if self.folder is None:
            return os.memfd_create("gradiente", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        return os.open(self.folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)

    def _map_private(self, offset: int, nbytes: int) -> torch.Tensor:
        if self._map is None:
            self._map = mmap.mmap(self.fd, 0, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_WRITE)
        return torch.frombuffer(self._map, dtype=torch.uint8, count=nbytes, offset=offset)

    def _copy(self, offset: int, nbytes: int) -> torch.Tensor:
        target = torch.empty(nbytes, dtype=torch.uint8)
        view = memoryview(target.numpy())  # type: ignore[arg-type]  # numpy's stubs know no Buffer on 3.11
        done = 0
        while done < nbytes:
            count = os.preadv(self.fd, [view[done : done + (1 << 30)]], offset + done)
            if not count:
                raise BlobError("the file shrank while it was read")
            done += count
        return target
