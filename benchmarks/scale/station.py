"""A stage with a first-come queue and so many servers: the database's writers, the portal's processes."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict

import simpy

#: seconds over which use is added up
BIN = 60


class Station:
    """Serves in the order of arrival.

    When an order of arrival is the order of service, the moment at which a request is done is known when it comes: the
    first server's free moment, or now, plus its service. So a request is one event here, where ``simpy.Resource``
    takes four; the moments are the same (Lindley 1952).
    """

    def __init__(self, env: simpy.Environment, servers: int = 1) -> None:
        self.env = env
        self.servers = servers
        self._free_at = [0.0] * servers
        self.busy: defaultdict[int, float] = defaultdict(float)
        self.served = 0

    @property
    def backlog(self) -> float:
        """Seconds that a request of this moment waits."""
        return max(0.0, self._free_at[0] - self.env.now)

    def take(self, seconds: float, patience: float = math.inf) -> float | None:
        """Be served for so long; gives the seconds from now until that is done. None: the wait is too long, so not."""
        now = self.env.now
        begin = max(now, self._free_at[0])
        if begin - now > patience:
            return None
        heapq.heapreplace(self._free_at, begin + seconds)
        self.busy[int(begin // BIN)] += seconds
        self.served += 1
        return begin + seconds - now

    def load(self, seconds: float) -> None:
        """Take work that nobody waits for and that comes in many small pieces, spread over all servers."""
        now = self.env.now
        for number, free_at in enumerate(self._free_at):
            self._free_at[number] = max(free_at, now) + seconds / self.servers
        heapq.heapify(self._free_at)
        self.busy[int(now // BIN)] += seconds

    def peak(self) -> float:
        """Use in the busiest minute."""
        return max(self.busy.values(), default=0.0) / (BIN * self.servers)
