"""The candidate's side: requests that no honest examiner sends.

The examiner is trusted and may have a candidate import and call anything. Bytes made by chance may not: here names
that begin with an underscore and libraries are refused.
"""

from __future__ import annotations

from typing import Any

from grader.candidate import _PLAIN_TYPES, CandidatePolicy
from grader.wire.blob import BlobError
from grader.wire.channel import Channel, ChannelClosed, MalformedFrame
from grader.wire.peer import Peer
from grader.wire.values import FRAME, Bounds, MalformedValue, ValueTooBig
from tests.fuzz.targets.conversation import Player, make_module, parse, recorded

KIND = "trees"
ALLOWED = (MalformedFrame, MalformedValue, ChannelClosed, BlobError, ValueTooBig)
BOUNDS = Bounds(bytes=8 << 20)
MEMORY = 96 * FRAME
SEEDS = recorded("candidate")


class _Harmless(CandidatePolicy):
    def check(self, op: str, target: Any, name: str) -> None:
        if not isinstance(name, str) or name.startswith("_"):
            raise PermissionError(name)
        super().check(op, target, name)

    def reseed(self, seed: Any) -> None:
        if type(seed) is int:
            super().reseed(seed % 2**32)

    def find_global(self, module: str, name: str) -> Any:
        try:
            return _PLAIN_TYPES[module, name]
        except KeyError:
            raise MalformedValue(f"{module}.{name}") from None


def run(data: bytes) -> None:
    try:
        _, frames = parse(data)
    except ValueError:
        return
    player = Player(frames)
    channel = Channel(player.near, FRAME)
    peer = Peer(channel, _Harmless(BOUNDS))
    peer.publish(make_module())
    try:
        peer.serve()
    finally:
        channel.close()
        player.close()
