"""What NVIDIA's management library (NVML) tells, where nvidia-ml-py and the driver are there. Nothing here raises.

It starts no CUDA, so a process that asks it may fork afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_MB = 1 << 20
_MOST_EVENTS = 100

#: The driver's numbers for troubles of the device itself (memory, links, bus, its own processor). Others, such as an
#: address that is not there (31), are the doing of who uses it.
HARDWARE = frozenset({48, 61, 62, 64, 74, 79, 94, 95, 119, 120, 121, 140})

#: What the driver may advise to do about a GPU; whichever of it takes the GPU out of service.
_ACTIONS = {1: "reset it", 2: "reboot", 3: "drain it", 4: "drain and reset it", 6: "reset its bus", 7: "reboot"}


class Nvml:
    """The library; every answer is None where it does not know."""

    def __init__(self, library: Any = None) -> None:
        self._given = library

    @cached_property
    def _library(self) -> Any:
        """The module, ready to be asked; None: it is not there."""
        library = self._given or _import()
        return library if library is not None and _asked(lambda: library.nvmlInit() or True) else None

    @property
    def is_there(self) -> bool:
        """Whether it can be asked at all."""
        return self._library is not None

    def _ask(self, uuid: str, question: Callable[[Any, Any], Answer]) -> Answer | None:
        library = self._library
        if library is None:
            return None
        return _asked(lambda: question(library, library.nvmlDeviceGetHandleByUUID(uuid)))

    def minor(self, uuid: str) -> int | None:
        """The number of a GPU's node."""
        return self._ask(uuid, lambda library, gpu: int(library.nvmlDeviceGetMinorNumber(gpu)))

    def is_divided(self, uuid: str) -> bool:
        """Whether a GPU is divided into instances."""
        return bool(self._ask(uuid, lambda library, gpu: library.nvmlDeviceGetMigMode(gpu)[0]))

    def used(self, uuid: str) -> float | None:
        """Megabytes that are taken of a GPU's memory, by whomever."""
        return self._ask(uuid, lambda library, gpu: library.nvmlDeviceGetMemoryInfo(gpu).used / _MB)

    def used_by(self, uuid: str, pids: Collection[int]) -> float | None:
        """Megabytes that these processes hold of a GPU's memory; None where the driver lists none of them."""

        def add_up(library: Any, gpu: Any) -> float | None:
            processes = library.nvmlDeviceGetComputeRunningProcesses(gpu)
            held = [each.usedGpuMemory for each in processes if each.pid in pids]
            known = [amount for amount in held if amount is not None]
            return sum(known) / _MB if known else None

        return self._ask(uuid, add_up)

    def fault(self, uuid: str) -> str:
        """What the driver has against a GPU; empty: nothing, or it does not know."""
        return self._ask(uuid, _advice) or self._ask(uuid, _rows) or ""

    def errors(self, uuid: str) -> int | None:
        """Bits of its memory that changed by themselves since the driver was started and could not be mended."""

        def count(library: Any, gpu: Any) -> int:
            kinds = library.NVML_MEMORY_ERROR_TYPE_UNCORRECTED, library.NVML_VOLATILE_ECC
            return int(library.nvmlDeviceGetTotalEccErrors(gpu, *kinds))

        return self._ask(uuid, count)

    def listen(self, uuid: str) -> Callable[[], list[int]]:
        """A function that gives the troubles (Xid) that the driver has had with a GPU since it was called last."""

        def register(library: Any, gpu: Any) -> Any:
            events = library.nvmlEventSetCreate()
            library.nvmlDeviceRegisterEvents(gpu, library.nvmlEventTypeXidCriticalError, events)
            return events

        events = self._ask(uuid, register)

        def heard() -> list[int]:
            found: list[int] = []
            # It raises when there is nothing to tell.
            while events is not None and len(found) < _MOST_EVENTS:
                event = _asked(lambda: self._library.nvmlEventSetWait(events, 0))
                if event is None:
                    break
                found.append(int(event.eventData))
            return found

        return heard


def _import() -> Any:
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def _advice(library: Any, gpu: Any) -> str:
    """Newer drivers sum their troubles up in one number."""
    (value,) = library.nvmlDeviceGetFieldValues(gpu, [library.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION])
    if value.nvmlReturn != 0:
        return ""
    advice = _ACTIONS.get(int(value.value.uiVal), "")
    return f"the driver says: {advice}" if advice else ""


def _rows(library: Any, gpu: Any) -> str:
    """Memory that broke and could not be replaced."""
    _correctable, _uncorrectable, _is_pending, has_failed = library.nvmlDeviceGetRemappedRows(gpu)
    return "rows of its memory are broken and cannot be replaced" if has_failed else ""


def _asked(question: Callable[[], Answer]) -> Answer | None:
    try:
        return question()
    except Exception:  # the library raises for whatever a driver does not support
        return None
