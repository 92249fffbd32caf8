"""The data directory: who holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import InfrastructureError

LOCK = "portal.lock"


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the data directory: a second portal would take this one's running gradings for abandoned."""
    descriptor = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InfrastructureError(
            f"Another portal uses {data_dir}. Stop it, or choose another folder with --instance.",
            f"Outro portal usa {data_dir}. Encerre-o ou escolha outra pasta com --instance.",
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
