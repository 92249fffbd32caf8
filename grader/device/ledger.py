"""Shares GPUs out: several small trainings at a time on one, as long as the memory that they may take fits.

One ledger for all threads of a grader. Another process on the same GPU is not known here: give each its own GPUs
(the setting ``gpus``).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from grader.device.gpu import Gpu, Share
from grader.device.health import Finding
from grader.errors import InfrastructureError

#: Megabytes of a GPU that each grading takes besides: CUDA's own, in the candidate and perhaps in the examiner.
CONTEXT_MB = 1024

Check = Callable[[Gpu], Finding]


class SickDevice(InfrastructureError):
    """A GPU that does not do what it should: the grading on it is void and is repeated elsewhere."""

    def __init__(self, gpu: Gpu, fault: str) -> None:
        super().__init__(
            f"{gpu} is out of service: {fault}. The grading is repeated on another one.",
            f"{gpu} está fora de serviço: {fault}. A correção é repetida em outra.",
        )


class NoRoom(InfrastructureError):
    """No GPU in service is large enough."""

    def __init__(self, memory_mb: int, gpus: Sequence[Gpu]) -> None:
        found = ", ".join(f"{gpu.label}: {gpu.memory_mb:,} MB" for gpu in gpus) or "–"
        super().__init__(
            f"No GPU in service has room for {memory_mb:,} MB and {CONTEXT_MB:,} MB of CUDA's own; found: {found}.",
            f"Nenhuma GPU em serviço tem espaço para {memory_mb:,} MB e {CONTEXT_MB:,} MB do próprio CUDA; "
            f"encontradas: {found}.",
        )


@dataclass
class _Account:
    """What is known of one GPU."""

    gpu: Gpu
    #: what the gradings that run there may take, each with CUDA's own
    taken: list[int] = field(default_factory=list)
    #: empty: it is in service
    fault: str = ""
    #: uncorrected memory errors when it was looked at last
    errors: int | None = None

    def holds(self, memory_mb: int) -> bool:
        """Whether it would be large enough, were it empty."""
        return not self.fault and memory_mb + CONTEXT_MB <= self.gpu.memory_mb

    def has_room(self, memory_mb: int) -> bool:
        """Whether one more grading fits now. Where nobody can tell processes apart, there is one at a time."""
        if self.taken and self.gpu.is_real and not self.gpu.accounts:
            return False
        return self.holds(memory_mb) and sum(self.taken) + memory_mb + CONTEXT_MB <= self.gpu.memory_mb


@dataclass(frozen=True)
class Standing:
    """How one GPU stands, for those who look."""

    gpu: Gpu
    gradings: int
    taken_mb: int
    fault: str


class Ledger:
    """The GPUs of one grader. ``check`` examines one; it may take seconds, and is not called while others wait."""

    def __init__(self, gpus: Sequence[Gpu], check: Check) -> None:
        self._accounts = [_Account(gpu) for gpu in gpus]
        self._check = check
        self._changed = threading.Condition()

    @contextmanager
    def reserve(self, memory_mb: int, among: Sequence[Gpu]) -> Iterator[Share]:
        """Wait for room on one of these GPUs and keep it. The GPU is examined before it is given back.

        Raises NoRoom where there can never be room, and SickDevice where the GPU turns out not to be well.
        """
        account = self._enter(memory_mb, among)
        try:
            yield Share(account.gpu, memory_mb)
            fault = self.examine(account.gpu)
        except SickDevice:
            raise
        except InfrastructureError as error:
            # What went wrong may have been the GPU's doing.
            if fault := self.examine(account.gpu):
                raise SickDevice(account.gpu, fault) from error
            raise
        finally:
            self._leave(account, memory_mb)
        if fault:
            raise SickDevice(account.gpu, fault)

    def _enter(self, memory_mb: int, among: Sequence[Gpu]) -> _Account:
        wanted = [account for account in self._accounts if account.gpu in among]
        with self._changed:
            while True:
                if not any(account.holds(memory_mb) for account in wanted):
                    raise NoRoom(memory_mb, [account.gpu for account in wanted if not account.fault])
                free = [account for account in wanted if account.has_room(memory_mb)]
                if free:
                    # The emptiest: trainings that share one slow each other down.
                    chosen = min(free, key=lambda account: (len(account.taken), account.gpu.number))
                    chosen.taken.append(memory_mb + CONTEXT_MB)
                    return chosen
                self._changed.wait()

    def _leave(self, account: _Account, memory_mb: int) -> None:
        with self._changed:
            account.taken.remove(memory_mb + CONTEXT_MB)
            self._changed.notify_all()

    def examine(self, gpu: Gpu) -> str:
        """Look whether a GPU is well, put it in or out of service accordingly, and say what is wrong with it."""
        finding = self._check(gpu)
        account = next(each for each in self._accounts if each.gpu == gpu)
        with self._changed:
            fault, before = finding.fault, account.errors
            if not fault and before is not None and finding.errors is not None and finding.errors > before:
                fault = f"{finding.errors - before} uncorrected memory errors"
            account.fault, account.errors = fault, finding.errors if finding.errors is not None else before
            self._changed.notify_all()
        return fault

    def retire(self, gpu: Gpu, fault: str) -> None:
        """Take a GPU out of service until it is found well."""
        with self._changed:
            for account in self._accounts:
                if account.gpu == gpu:
                    account.fault = fault
            self._changed.notify_all()

    def recheck(self) -> list[Gpu]:
        """Examine what is out of service, and say what is well again."""
        sick = [account.gpu for account in self._accounts if account.fault]
        return [gpu for gpu in sick if not self.examine(gpu)]

    @property
    def gpus(self) -> list[Gpu]:
        """All of them."""
        return [account.gpu for account in self._accounts]

    def in_service(self, memory_mb: int = 0) -> list[Gpu]:
        """Those that work and are large enough."""
        with self._changed:
            return [account.gpu for account in self._accounts if account.holds(memory_mb)]

    def has_room(self, memory_mb: int) -> bool:
        """Whether a grading could begin now."""
        with self._changed:
            return any(account.has_room(memory_mb) for account in self._accounts)

    def standings(self) -> list[Standing]:
        """How each of them stands."""
        with self._changed:
            return [Standing(each.gpu, len(each.taken), sum(each.taken), each.fault) for each in self._accounts]
