"""The trusted end of a grading: a fork of a warm process that runs pytest against a candidate behind the wire."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import GraderError
from grader.link import Link, Work
from grader.nursery import ForkedChild, fork_plain
from grader.shared import load_shared
from grader.wire.channel import Channel

#: pytest's own parts that a grading has no use for.
_UNUSED = (
    "cacheprovider", "junitxml", "pastebin", "stepwise", "doctest", "setuponly", "setupplan", "faulthandler",
    "legacypath", "debugging", "logging", "tmpdir", "monkeypatch", "recwarn", "unraisableexception", "threadexception",
    "subtests", "unittest",
)  # fmt: skip


class Job(msgspec.Struct, frozen=True):
    """One grading, as the pool orders it."""

    exercise: str
    conftest: str
    suites: list[str]
    seed: str
    work: Work
    total_seconds: float
    data: str = ""
    only: list[str] | None = None
    stop_at_first: bool = False


class ExaminerBrood:
    """Forks examiners."""

    def __init__(self, conftest: Path) -> None:
        self._conftest = conftest

    def warm(self) -> None:
        """Import pytest, torch and the shared conftest, and run one empty session so that nothing is lazy any more."""
        import torch

        torch.set_num_threads(1)
        load_shared(self._conftest)
        import grader.suite

        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        # Rewritten test modules are cached where only this user can write.
        sys.pycache_prefix = os.environ.get("GRADIENTE_PYCACHE") or None
        grader.suite.warm(self._conftest, _UNUSED)

    def fork(self, order: dict[str, Any], descriptors: list[int]) -> ForkedChild:
        """Fork one examiner; its job comes over its channel."""
        channel, nursery = descriptors
        return fork_plain(descriptors, lambda: _examine(channel, nursery))


def _examine(channel_fd: int, nursery_fd: int) -> None:
    channel = Channel(socket.socket(fileno=channel_fd))
    body, _ = channel.receive()
    job = msgspec.convert(body, Job)
    os.environ["GRADIENTE_SEED"] = job.seed
    if job.data:
        os.environ["GRADIENTE_DATA"] = job.data
    try:
        _run(job, channel, socket.socket(fileno=nursery_fd))
    except GraderError as error:
        channel.send({"event": "refused", "owner": error.owner, "message": error.text})


def _run(job: Job, channel: Channel, nursery: socket.socket) -> None:
    from grader.suite import run_suite

    link = Link(nursery, job.work)
    try:
        link.start()
        run_suite(job, link, channel, _UNUSED)
    finally:
        link.stop()
