"""The examiner's side of the wire: trusts nothing that comes, and turns every end of a candidate into a verdict."""

from __future__ import annotations

import operator
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch

from grader.wire.blob import Blob, BlobError
from grader.wire.channel import Channel, ChannelClosed, ChannelTimeout, FrameTooBig, MalformedFrame
from grader.wire.fault import Fault, RemoteFault, describe
from grader.wire.peer import Peer
from grader.wire.values import Bounds, MalformedValue, ValueTooBig

if TYPE_CHECKING:
    from grader.link import Ended, Link

#: What a student's code may do with a module that a test passes in.
_MODULE_METHODS = frozenset(
    "parameters named_parameters buffers named_buffers state_dict load_state_dict train eval zero_grad requires_grad_ "
    "training children modules".split()
)

#: Libraries whose functions and classes a test may pass by name.
_LIBRARIES = ("torch", "numpy", "math", "operator", "builtins", "random")

_PLAIN_TYPES = {kind.__qualname__: kind for kind in (int, float, bool, str, list, tuple, dict, set, complex, bytes)}

#: Callbacks within callbacks.
_DEPTH = 50

_MEMORY = ("MemoryError", "OutOfMemoryError", "_ArrayMemoryError")


class StrangerPolicy:
    """Serves calls of functions that a test passed in, a few methods of its modules, and gradients; nothing else."""

    maps_blobs = False

    def __init__(self, bounds: Bounds, classes: frozenset[str], link: Link) -> None:
        self.bounds = bounds
        self.classes = classes
        self._link = link

    def check(self, op: str, target: Any, name: str) -> None:
        """Raise PermissionError for anything that a callback does not need."""
        if op == "backward":
            is_served = isinstance(target, torch.Tensor)
        elif op == "truth":
            # "if report:" asks whether there is a function. One that has no say in it is true, and nothing is run.
            is_served = callable(target) and not any(hasattr(type(target), name) for name in ("__bool__", "__len__"))
        elif isinstance(target, torch.nn.Module):
            is_served = op == "call" or (op in ("get", "set") and name in _MODULE_METHODS)
        elif op == "call":
            is_served = callable(target) and not isinstance(target, type)
        else:
            is_served = op in ("next", "iter", "len") and hasattr(target, "__next__")
        if is_served:
            return
        raise PermissionError(f"the grader does not let a submission do this ({op} {name})".rstrip())

    def reseed(self, seed: Any) -> None:
        """A candidate does not seed the examiner."""
        raise MalformedFrame("a request that seeds")

    def failed(self, error: BaseException) -> None:
        """Nothing: this process has room."""

    def served(self) -> None:
        """Nothing to do."""

    def describe(self, error: BaseException) -> Fault:
        """Name an exception of a test's own function; its text may hold expected values and stays here."""
        if isinstance(error, RemoteFault):
            return Fault(error.fault.names, error.fault.message)
        return Fault(describe(error).names, "")

    def deadline(self) -> float:
        """The link's."""
        return self._link.deadline()

    def name_global(self, value: Any) -> tuple[str, str] | None:
        """The name of a library function or class that a test passes in."""
        if isinstance(value, torch.nn.Module) or not callable(value):
            return None
        # torch's own C functions are called _VariableFunctionsClass.relu, or do not say where they live.
        module = getattr(value, "__module__", None) or "torch"
        names = (getattr(value, "__qualname__", None), getattr(value, "__name__", None))
        if not isinstance(module, str) or module.partition(".")[0] not in _LIBRARIES:
            return None
        return next(((module, name) for name in names if isinstance(name, str) and _has(module, name, value)), None)

    def find_global(self, module: str, name: str) -> Any:
        """Take Python's plain types and nothing else: a library function of the student's choice is not called here."""
        if module != "builtins" or name not in _PLAIN_TYPES:
            raise MalformedValue(f"{module}.{name} is not a plain type")
        return _PLAIN_TYPES[name]


def _has(module: str, name: str, value: Any) -> bool:
    try:
        return operator.attrgetter(name)(sys.modules[module]) is value
    except (KeyError, AttributeError):
        return False


class StrangerPeer(Peer):
    """Asks a candidate. What ends the candidate or its answer comes out as the link's ``Ended``."""

    def __init__(self, channel: Channel, policy: StrangerPolicy, link: Link) -> None:
        super().__init__(channel, policy)
        self._link = link
        self._depth = 0

    def ask(self, op: str, target: Any, name: str = "", args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        """As ``Peer.ask``, in a living candidate that has this test's seed."""
        __tracebackhide__ = True
        if self._link.peer is not self:
            raise self._link.lost()
        self.seed, self._link.seed = self._link.seed, None
        if self._link.budget is None:
            return self._guarded(op, target, name, args, kwargs)
        with self._link.budget.counting():
            return self._guarded(op, target, name, args, kwargs)

    def refusal(self, error: Exception) -> BaseException:
        """The end of the candidate that gave it."""
        return self._link.broken()

    def _guarded(self, op: str, target: Any, name: str, args: Any, kwargs: dict[str, Any] | None) -> Any:
        __tracebackhide__ = True
        link = self._link
        try:
            return super().ask(op, target, name, args, kwargs)
        except ChannelTimeout:
            ended = link.too_slow()
        except ChannelClosed:
            ended = link.ended()
        except (MalformedFrame, MalformedValue, BlobError):
            ended = link.broken()
        except (
            ValueTooBig,
            FrameTooBig,
        ) as error:
            # Refused while reading: what follows on the wire cannot be trusted to fit.
            ended = link.too_big(str(error))
            link.stop()
        except RemoteFault as error:
            ended = self._ended_by(error, op)
        except MemoryError:  # ours: the answer is larger here than it was on the wire
            ended = link.too_big("it does not fit into memory")
            link.stop()
        raise ended from None

    def _ended_by(self, error: RemoteFault, op: str) -> Ended:
        """The end that an exception of the student's stands for; any other is raised in the test."""
        if error.fault.kind == "ValueTooBig":
            # What was to be told with the answer is lost: the next test gets a fresh candidate.
            self._link.stop()
            return self._link.too_big(error.fault.message)
        if _is_memory(error.fault):
            # What filled the memory may still be held: the next test gets a fresh candidate.
            self._link.stop()
            return self._link.out_of_memory(on_gpu=error.fault.kind == "OutOfMemoryError")
        if self._link.work.share is not None and _breaks_cuda(error.fault):
            # Nothing works on the GPU any more in that process: the next test gets a fresh candidate.
            self._link.stop()
        if isinstance(error, StopIteration) and op != "next":
            # As Python does in generators (PEP 479): it would end a loop of the test's, with nothing compared.
            raise RuntimeError(f"the submission raised StopIteration: {error}") from None
        raise error

    def _fault(self, error: BaseException) -> list[Any]:
        if self._link.peer is not self:
            raise error  # a question within this one has ended the candidate: there is nobody to be told
        return super()._fault(error)

    def _serve(self, frame: list[Any], blob: Blob) -> None:
        self._depth += 1
        try:
            if self._depth > _DEPTH:
                raise MalformedFrame(f"callbacks nested more than {_DEPTH} deep")
            # What a test's own function takes is not the student's time.
            budget = self._link.budget
            with budget.pausing() if budget else nullcontext():
                super()._serve(frame, blob)
        finally:
            self._depth -= 1


def _breaks_cuda(fault: Fault) -> bool:
    return fault.kind == "AcceleratorError" or "CUDA error" in fault.message


def _is_memory(fault: Fault) -> bool:
    return fault.kind in _MEMORY or "can't allocate memory" in fault.message or "Cannot allocate" in fault.message
