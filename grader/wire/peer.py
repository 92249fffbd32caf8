"""Two processes that use each other's objects: requests, replies and what travels with them.

Both sides run this same code over a channel. A frame is ``[kind, number, body, updates, releases]``:

    REQUEST  body = [operation, target, name, argument trees, keyword trees, gradients on?, seed or None]
    REPLY    body = [value tree, changed slots]
    ERROR    body = [type names, message, traceback, its number here, its number there or -1, changed slots]

``updates`` carries shared leaf tensors that changed (mirror.py), ``releases`` the references that were dropped here.
While a side waits for its reply it serves the requests that the other side makes on the way (callbacks, gradients).
What the other side may ask for is the policy's decision: the candidate serves everything, the examiner next to nothing.
"""

from __future__ import annotations

import time
import weakref
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from grader.wire import gradient, operation
from grader.wire.blob import Blob
from grader.wire.channel import Channel, FrameTooBig, MalformedFrame
from grader.wire.fault import Fault, RemoteFault, revive
from grader.wire.handle import Handle, about, claim
from grader.wire.mirror import Mirrors
from grader.wire.packer import Packer
from grader.wire.slots import apply_changes, find_changes
from grader.wire.unpacker import Unpacker
from grader.wire.values import Bounds, MalformedValue, Tree, ValueTooBig

REQUEST, REPLY, ERROR = range(3)


class Policy(Protocol):
    """What a side lets the other one do."""

    bounds: Bounds
    #: whether large buffers may be mapped instead of copied: only from a side that is trusted
    maps_blobs: bool
    #: names in the student's module that the stub defines as classes
    classes: frozenset[str]

    def check(self, op: str, target: Any, name: str) -> None:
        """Raise PermissionError for a request that is not served."""

    def reseed(self, seed: Any) -> None:
        """Seed this side's generators, as a request asks before it is served."""

    def failed(self, error: BaseException) -> None:
        """Called with what a request raised, before anything else is done about it."""

    def served(self) -> None:
        """Called after each request that was served, before its answer is sent."""

    def describe(self, error: BaseException) -> Fault:
        """What the other side is told of an exception."""

    def name_global(self, value: Any) -> tuple[str, str] | None:
        """The module and name under which the other side finds a library object; None: send a reference."""

    def find_global(self, module: str, name: str) -> Any:
        """Resolve a library name that the other side sent. Raise MalformedValue for one that is not taken."""

    def deadline(self) -> float | None:
        """Until when the request that is about to be sent may take, on ``time.monotonic``'s clock."""


@dataclass
class _Export:
    value: Any
    sent: int = 0


class Peer:
    """One side of the wire."""

    def __init__(self, channel: Channel, policy: Policy) -> None:
        self.channel = channel
        self.policy = policy
        #: what the other side seeds its generators with before it serves the next request
        self.seed: int | None = None
        self.mirrors = Mirrors(self)
        self.anchor = torch.zeros(0, requires_grad=True)
        self._exports: dict[int, _Export] = {}
        self._export_ids: dict[int, int] = {}
        self._releases: list[tuple[int, int]] = []
        self._faults: list[BaseException] = []
        #: until when what is being asked may take; a request within a request has no longer
        self._deadline: float | None = None
        self._next_number = 0
        self._next_export = 0

    # --- asking

    def ask(self, op: str, target: Any, name: str = "", args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        """Have the other side do something with one of its objects and return the result, or raise its exception."""
        packer = self._packer()
        arguments = [packer.pack(arg) for arg in args]
        keywords = [[key, packer.pack(value)] for key, value in (kwargs or {}).items()]
        body = [op, self.number_of(target), name, arguments, keywords, torch.is_grad_enabled(), self.seed]
        self.seed = None
        deadline = self.policy.deadline()
        if deadline is not None and self._deadline is not None:
            deadline = min(deadline, self._deadline)
        faults = len(self._faults)
        outer, self._deadline = self._deadline, deadline
        try:
            number = self._send(REQUEST, None, body, packer)
            return self._await(number, packer, deadline)
        finally:
            self._deadline = outer
            del self._faults[faults:]

    def _await(self, number: int, packer: Packer, deadline: float | None) -> Any:
        while True:
            frame, blob = self._receive(deadline)
            try:
                if frame[0] == REQUEST:
                    self._serve(frame, blob)
                elif frame[1] != number:
                    raise MalformedFrame(f"an answer to request {frame[1]!r:.20} where {number} was asked")
                else:
                    return self._answer(frame, blob, packer)
            finally:
                blob.close()

    def _answer(self, frame: list[Any], blob: Blob, packer: Packer) -> Any:
        unpacker = self._unpacker(blob, packer)
        if frame[0] == ERROR:
            names, message, traceback, theirs, ours, changes = _shape(frame[2], 6)
            apply_changes(packer.slots, changes, unpacker)
            self.mirrors.apply(frame[3], unpacker)
            if type(ours) is int and 0 <= ours < len(self._faults):
                raise self._faults[ours]
            raise revive(Fault(names, message, traceback, theirs))
        tree, changes = _shape(frame[2], 2)
        value = unpacker.unpack(tree)
        apply_changes(packer.slots, changes, unpacker)
        # After the value: a leaf that arrives with it gets its gradient from the updates.
        self.mirrors.apply(frame[3], unpacker)
        return value

    # --- serving

    def refusal(self, error: Exception) -> BaseException:
        """What to raise for an answer that makes no sense, found after it was taken."""
        return error

    def serve(self) -> None:
        """Answer requests until the channel closes."""
        while True:
            frame, blob = self._receive(None)
            try:
                if frame[0] != REQUEST:
                    raise MalformedFrame("an answer that nobody asked for")
                self._faults.clear()
                self._serve(frame, blob)
            finally:
                blob.close()
                # What the frame held must die before the next wait, so that the other side hears of it.
                del frame

    def _serve(self, frame: list[Any], blob: Blob) -> None:
        unpacker = self._unpacker(blob, None)
        known: dict[int, int] = {}
        packer = self._packer(known)
        try:
            value = self._perform(frame, unpacker, known)
            body: list[Any] = [packer.pack(value), find_changes(unpacker.slots, packer, blob)]
            kind = REPLY
        except (MalformedFrame, MalformedValue):
            raise
        except BaseException as error:  # the other side is told whatever happened; nothing may end this process
            self.policy.failed(error)
            packer = self._packer(known)
            body, kind = [*self._fault(error), find_changes(unpacker.slots, packer, blob)], ERROR
        self.policy.served()
        try:
            self._send(kind, frame[1], body, packer)
        except FrameTooBig as error:  # nothing was sent yet
            packer = self._packer(known)
            self._send(ERROR, frame[1], [*self._fault(ValueTooBig(str(error))), []], packer)

    def _perform(self, frame: list[Any], unpacker: Unpacker, known: dict[int, int]) -> Any:
        op, target, name, arguments, keywords, gradients, seed = _shape(frame[2], 7)
        if seed is not None:
            self.policy.reseed(seed)
        subject = self.export(target)
        self.policy.check(op, subject, name)
        args = unpacker.items(arguments)
        kwargs = {key: unpacker.unpack(tree) for key, tree in keywords}
        self.mirrors.apply(frame[3], unpacker)
        known.update({id(slot.value): number for number, slot in enumerate(unpacker.slots)})
        with torch.set_grad_enabled(bool(gradients)):
            if op == "backward":
                return gradient.serve(self, subject, *args)
            return operation.perform(op, subject, name, args, kwargs)

    def _fault(self, error: BaseException) -> list[Any]:
        # The other side's own exception on its way home is named by its number there.
        theirs = error.fault.number if isinstance(error, RemoteFault) else -1
        self._faults.append(error)
        fault = self.policy.describe(error)
        return [fault.names, fault.message, fault.traceback, len(self._faults) - 1, theirs]

    # --- frames

    def _send(self, kind: int, number: int | None, body: list[Any], packer: Packer) -> int:
        if number is None:
            self._next_number += 1
            number = self._next_number
        # Taken first: a copy that is let go once its last state is told must not be released in the same frame.
        releases, self._releases = self._releases, []
        updates = self.mirrors.updates(packer)
        packer.blob.seal()
        try:
            left = None if self._deadline is None else max(0.01, self._deadline - time.monotonic())
            self.channel.send([kind, number, body, updates, releases], packer.blob.fd, timeout=left)
        finally:
            packer.blob.close()
        return number

    def _receive(self, deadline: float | None) -> tuple[list[Any], Blob]:
        frame, fd = self.channel.receive(deadline)
        blob = Blob(fd, mapped=self.policy.maps_blobs)
        if type(frame) is not list or len(frame) != 5 or type(frame[1]) is not int:
            blob.close()
            raise MalformedFrame("a frame that is neither request nor reply")
        for number, count in _pairs(frame[4]):
            self._release(number, count)
        return frame, blob

    def _packer(self, known: dict[int, int] | None = None) -> Packer:
        return Packer(self._reference, bounds=self.policy.bounds, known={} if known is None else known)

    def _unpacker(self, blob: Blob, asked: Packer | None) -> Unpacker:
        """``asked``: the packer of the request that the frame answers; None when the frame is a request."""
        if asked is None:
            return Unpacker(self._resolve, blob, self.policy.bounds)
        inputs = [*asked.inputs, *self.mirrors.inputs()]
        return Unpacker(self._resolve, blob, self.policy.bounds, asked.slots, inputs=inputs)

    # --- references

    def export(self, number: Any) -> Any:
        """The object of ours that the other side knows by a number."""
        if type(number) is not int or number not in self._exports:
            raise MalformedFrame(f"object {number!r:.20} is not known here")
        return self._exports[number].value

    def publish(self, value: Any) -> int:
        """Give the other side a number for an object of ours."""
        number = self._export_ids.get(id(value))
        if number is None:
            number = self._next_export
            self._next_export += 1
            self._exports[number] = _Export(value)
            self._export_ids[id(value)] = number
        self._exports[number].sent += 1
        return number

    def number_of(self, target: Any) -> int:
        """The other side's number for one of its objects that we hold."""
        return target if isinstance(target, int) else int(target._number)

    def _release(self, number: int, count: int) -> None:
        export = self._exports.get(number)
        if export is not None:
            export.sent -= count
            if export.sent <= 0:
                del self._exports[number]
                self._export_ids.pop(id(export.value), None)
                self.mirrors.forget(number)

    def drop_one(self, number: int) -> None:
        """Tell the other side, with the next frame, that one reference to its object is gone."""
        self._releases.append((number, 1))

    def handle(self, number: int, claims: Any, origin: str = "returned") -> Handle:
        """A stand-in for an object of the other side: a new one each time.

        How it was come by decides what it may do, and an object that a test made may come back as an answer.
        """
        made = Handle(self, number, claim(claims), origin)
        weakref.finalize(made, self.drop_one, number).atexit = False
        return made

    def _reference(self, value: Any) -> Tree:
        """What goes over the wire for a value that is not plain data."""
        if isinstance(value, torch.Tensor):
            return self.mirrors.reference(value)
        if type(value) is Handle and value._peer is self:
            return ["own", value._number]
        found = self.policy.name_global(value)
        if found is not None:
            return ["global", *found]
        return ["object", self.publish(value), about(value)]

    def _resolve(self, tree: Tree) -> Any:
        kind, *rest = _shape(tree, len(tree) if type(tree) is list else 0)
        if kind == "own":
            return self.export(rest[0])
        if kind == "global":
            return self.policy.find_global(str(rest[0]), str(rest[1]))
        if kind == "tensor" and type(rest[0]) is int:
            return self.mirrors.resolver(rest[0], is_parameter=bool(rest[1]))
        if kind == "object" and type(rest[0]) is int:
            return self.handle(rest[0], rest[1])
        raise MalformedValue(f"reference {kind!r:.20}")


def _shape(body: Any, length: int) -> list[Any]:
    if type(body) is not list or len(body) != length or not length:
        raise MalformedFrame("a frame with the wrong number of parts")
    return body


def _pairs(releases: Any) -> list[list[int]]:
    if type(releases) is not list or any(
        type(pair) is not list or len(pair) != 2 or any(type(part) is not int for part in pair) for pair in releases
    ):
        raise MalformedFrame("releases that are no pairs of numbers")
    return releases
