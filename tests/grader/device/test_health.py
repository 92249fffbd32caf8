"""Examining a device: a healthy one is well, and one that forgets, miscalculates, dies or hangs is not."""

import os
import signal
import time

import pytest
import torch

from grader.device import physician
from grader.device.health import Finding, examine
from grader.device.nvml import Nvml
from grader.device.physician import Physician
from grader.parent import WarmParent
from tests.conftest import ROOT
from tests.grader.device.tree import stand_in


class Off:
    """torch, with one of its functions out of order."""

    def __init__(self, **functions):
        self.__dict__.update(functions)

    def __getattr__(self, name):
        return getattr(torch, name)


def fault(**functions):
    return examine(stand_in(), Nvml(), Off(**functions)).fault


def test_a_processor_is_well():
    assert examine(stand_in(), Nvml(), torch) == Finding("", None)


def test_memory_that_forgets_one_bit_is_noticed():
    def forgetful(*arguments, **options):
        written = torch.arange(*arguments, **options)
        written[12_345] ^= 1 << 40
        return written.as_subclass(Forgetful)

    class Forgetful(torch.Tensor):
        """What is computed of it is right again, so that the two do not agree."""

        @classmethod
        def __torch_function__(cls, function, types, arguments=(), options=None):
            found = super().__torch_function__(function, types, arguments, options or {})
            if function is torch.Tensor.flip and isinstance(found, torch.Tensor):
                found.as_subclass(torch.Tensor)[7] ^= 2
            return found

    assert fault(arange=forgetful) == "what is written into its memory does not come back"


def test_one_wrong_sum_in_a_product_is_noticed(monkeypatch):
    real = torch.Tensor.__matmul__

    def wrong(left, right):
        found = real(left, right)
        if found.dtype == torch.float32:
            found[100, 100] += 1
        return found

    monkeypatch.setattr(torch.Tensor, "__matmul__", wrong)
    assert fault() == "it computes wrongly"


def test_what_the_device_raises_is_its_fault_in_one_line():
    def fail(*_, **__):
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nCompile with ...")

    assert fault(arange=fail) == "RuntimeError: CUDA error: an illegal memory access was encountered"


# --- in a fork of the warm parent, as after each grading


@pytest.fixture(scope="module")
def parent(sandboxed):
    started = WarmParent("candidates", ROOT / "exercises" / "conftest.py")
    started.expect_ready()
    yield started
    started.close()


def test_a_fork_of_the_warm_parent_examines(parent):
    assert Physician(parent).examine(stand_in()) == Finding("", None)


def test_a_device_that_torch_does_not_have_is_sick(parent):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    gpu = stand_in().__class__(0, "GPU-none", "None", 1000, torch="cuda")
    assert Physician(parent).examine(gpu).fault


@pytest.mark.parametrize(
    ("act", "told"),
    [(signal.SIGKILL, "the process that examined it died"), (signal.SIGSTOP, "it did not answer within 2 s")],
)
def test_an_examination_that_dies_or_hangs_is_a_fault_and_the_next_one_goes_on(parent, monkeypatch, act, told):
    real = physician.Physician._read

    def meddle(self, reader):
        # The child is forked by a branch of the parent; it needs longer than this to compute.
        os.kill(_grandchild(parent.pid), act)
        return real(self, reader)

    monkeypatch.setattr(physician.Physician, "_read", meddle)
    assert Physician(parent, patience=2 if act == signal.SIGSTOP else 60).examine(stand_in()).fault == told
    monkeypatch.undo()
    assert Physician(parent).examine(stand_in()) == Finding("", None)


def _grandchild(pid):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = [below for child in _children(pid) for below in _children(child)]
        if found:
            return found[0]
    pytest.fail("nobody examines")


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(each) for each in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
