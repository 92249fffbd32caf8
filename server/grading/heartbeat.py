"""What a process that grades tells of itself: that it is there, since when, and how busy it is."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from grader.device.ledger import Standing
from server.grading.abilities import Abilities
from server.models import Worker

#: whoever has not been heard of for so long is not worth a line any more
FORGET_AFTER = timedelta(days=1)


class Heartbeat:
    """One process's sign of life. It stands in the database until the process ends in an orderly way."""

    def __init__(
        self,
        jobs: int,
        standings: Callable[[], Sequence[Standing]] = list,
        able: Abilities | None = None,
        queues: Sequence[str] = ("cpu", "gpu"),
    ) -> None:
        self.jobs = jobs
        self._standings = standings
        self._told = {"queues": list(queues), **(able.told() if able else {})}
        self.host = socket.gethostname()[:40]
        # Process numbers come back after a restart, in containers even the same ones.
        self.id = f"{self.host}-{os.getpid()}-{secrets.token_hex(4)}"

    def beat(self, session: Session, busy: int, now: datetime) -> None:
        """Say that it is there, with so many gradings."""
        worker = session.get(Worker, self.id)
        detail = {"host": self.host, "process": os.getpid(), "jobs": self.jobs, "devices": self._devices()}
        detail |= self._told
        if worker is None:
            session.execute(delete(Worker).where(Worker.seen_at < now - FORGET_AFTER))
            session.add(Worker(id=self.id, detail=detail, busy=busy, started_at=now, seen_at=now))
        else:
            worker.busy, worker.seen_at, worker.detail = busy, now, detail

    def _devices(self) -> list[dict[str, Any]]:
        """The GPUs that it may use, with what is wrong with those that are out of service."""
        return [
            {
                "device": each.gpu.label,
                "name": each.gpu.name,
                "memory_mb": each.gpu.memory_mb,
                "taken_mb": each.taken_mb,
                "gradings": each.gradings,
                "fault": each.fault,
            }
            for each in self._standings()
        ]

    def stop(self, session: Session) -> None:
        """Say that it ends."""
        session.execute(delete(Worker).where(Worker.id == self.id))
