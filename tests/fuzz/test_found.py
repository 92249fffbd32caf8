"""Every input that was found, the seeds, and some hundred inputs made by chance are read or refused as documented."""

import random
import socket
import tempfile
import time
from pathlib import Path

import pytest
import torch

from grader.link import Ended
from grader.wire import tag
from grader.wire.channel import Channel
from grader.wire.handle import About, Handle
from grader.wire.peer import REQUEST
from tests.fuzz.mutate import mutate
from tests.fuzz.probe import SECONDS, bounded_memory, prepare, probe
from tests.fuzz.targets import NAMES, Target, load
from tests.fuzz.targets.examiner import asking

FOUND = Path(__file__).parent / "found"
GENERATED = 200

INPUTS = sorted(path for path in FOUND.glob("*/*") if not path.suffix)


@pytest.fixture(scope="module", autouse=True)
def _bench():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.unraisablehook", None)  # put back by the context; prepare sets its own
        prepare()
        yield


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found_is_mended(path):
    check(load(path.parent.name), path.read_bytes())


@pytest.mark.parametrize("name", NAMES)
def test_seeds_are_read_or_refused(name):
    target = load(name)
    assert target.seeds
    for seed in target.seeds:
        check(target, seed)


@pytest.mark.parametrize("name", NAMES)
def test_inputs_made_by_chance_are_read_or_refused(name):
    target = load(name)
    chance = random.Random(0)
    for _ in range(GENERATED):
        check(target, mutate(target.kind, chance.choice(target.seeds), target.seeds, chance))


def test_a_fault_is_found():
    def run(data: bytes) -> None:
        if data == b"bad":
            raise ZeroDivisionError

    target = Target("made up", run, (ValueError,), [], "bytes", 0)
    assert probe(target, b"good") is None
    found = probe(target, b"bad")
    assert found is not None
    assert "ZeroDivisionError" in found.kind


@pytest.mark.parametrize("size", [0, 4096])
def test_a_blob_may_shrink_while_the_tests_own_function_runs(size):
    near, far = socket.socketpair()
    with tempfile.TemporaryFile() as blob, far, asking(near) as peer:
        blob.truncate(1 << 20)

        def function(_: torch.Tensor) -> float:
            blob.truncate(size)
            return 1.0

        argument = [tag.TENSOR, 0, "float32", [1 << 18], None, "cpu", "", 0, None]
        body = ["call", peer.publish(function), "", [argument], [], True, None]
        Channel(far).send([REQUEST, 1, body, [], []], blob.fileno())
        far.shutdown(socket.SHUT_WR)
        with pytest.raises(Ended):
            Handle(peer, 0, About("module", ()), "module").f()


def check(target: Target, data: bytes) -> None:
    began = time.process_time()
    with bounded_memory(target.memory):
        found = probe(target, data)
    assert found is None, found.text
    assert time.process_time() - began < SECONDS
