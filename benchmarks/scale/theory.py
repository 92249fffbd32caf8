"""What queueing theory says where it has a formula: the simulation is compared with it."""

from __future__ import annotations


def erlang_c(load: float, servers: int) -> float:
    """Probability that an arrival of M/M/c waits, for a load in erlangs below the number of servers."""
    # Erlang B by its recursion, which does not overflow; then C from B.
    blocked = 1.0
    for number in range(1, servers + 1):
        blocked = load * blocked / (number + load * blocked)
    used = load / servers
    return blocked / (1.0 - used + used * blocked)


def mean_wait(rate: float, service: float, servers: int) -> float:
    """Mean seconds that an arrival of M/M/c waits before it is served."""
    load = rate * service
    return erlang_c(load, servers) * service / (servers - load)
