"""A real GPU with its driver, where this host has one; everything here is skipped elsewhere.

``./run gpu`` sets GRADIENTE_REQUIRE=gpu: then a GPU that is not there, or a sandbox that does not hold, is a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from grader.device.discover import find_gpus
from grader.device.gpu import Gpu
from grader.exercise import Catalogue
from grader.pool import Grader
from tests.grader.device.tree import write_tree
from tests.layers import broken_layers

REQUIRED = "gpu" in os.environ.get("GRADIENTE_REQUIRE", "").split(",")


def lack(reason: str) -> None:
    """Skip, or fail where a GPU was promised."""
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def gpus() -> tuple[Gpu, ...]:
    """The GPUs of this host."""
    found = find_gpus()
    if not found.gpus:
        lack(f"no GPU on this host: {found.problem or 'the driver has no node (/dev/nvidiactl)'}")
    return found.gpus


@pytest.fixture(scope="session")
def gpu(gpus: tuple[Gpu, ...]) -> Gpu:
    """One of them."""
    return gpus[0]


@pytest.fixture(scope="session")
def isolated(gpus: tuple[Gpu, ...]) -> None:
    """A sandbox that holds."""
    if missing := broken_layers():
        lack(f"no sandbox on this host: {missing[0].name}: {missing[0].detail}")


HIDDEN = '''
import pytest
import torch
from torch.testing import assert_close

gpu = pytest.mark.gpu


@gpu
def test_trains(student, training):
    """Trains."""
    training.check(lambda run: student.train(run.device))


@gpu
def test_tensors_go_there_and_back(student, rng):
    """Doubles, wherever the numbers lie."""
    x = torch.randn(1000, generator=rng)
    assert_close(student.double(x, "cuda").cpu(), 2 * x)
    assert_close(student.double(x.to("cuda"), "cuda").cpu(), 2 * x)


@gpu
def test_gradients_go_there_and_back(student, rng):
    """Has gradients."""
    x = torch.randn(10, generator=rng, requires_grad=True)
    student.double(x, "cuda").sum().backward()
    assert_close(x.grad, torch.full((10,), 2.0))


@gpu
def test_parameters_move(student, rng):
    """Moves a network to the GPU and is told so."""
    net = student.Net()
    before = [p.detach().clone().cpu() for p in net.parameters()]
    loss = student.step(net, torch.randn(8, 4, generator=rng), "cuda")
    after = [p.detach().cpu() for p in net.parameters()]
    assert loss > 0
    assert any(not torch.equal(left, right) for left, right in zip(before, after))


@gpu
def test_misbehaves(student):
    """Does what the submission likes."""
    assert student.misbehave() == "fine"


@gpu
def test_comes_after(student):
    """Is run whatever happened before."""
    assert_close(student.double(torch.ones(3), "cuda").cpu(), torch.full((3,), 2.0))
'''

CONFIG = """
module = "toys"
[limits]
seconds = 20
load_seconds = 20
memory_mb = 1024
[training]
seeds = 2
[training.gpu]
budget_s = 1.5
memory_mb = 2048
ladder = [[0.5, 2], [0.9, 4]]
"""

SOLUTION = """
import torch


def add(left, right):
    return left + right


def double(x, device):
    return 2 * x.to(device)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(4, 1)

    def forward(self, x):
        return self.layer(x)


def step(net, x, device):
    net.to(device)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    loss = net(x.to(device)).square().mean()
    loss.backward()
    optimiser.step()
    return float(loss)


def train(device):
    x = torch.ones(64, 1, 8, 8, device=device)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3), torch.nn.Flatten(), torch.nn.Linear(288, 2)).to(device)
    for _ in range(5):
        net(x).sum().backward()
    torch.cuda.synchronize()
    return 1.0


def misbehave():
    return "fine"
"""


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The exercise ``twin``, with tests for a GPU."""
    return write_tree(tmp_path_factory.mktemp("gpu"), CONFIG, HIDDEN, SOLUTION)


@pytest.fixture(scope="session")
def grader(catalogue: Catalogue, gpus: tuple[Gpu, ...], isolated: None) -> Iterator[Grader]:
    """A grader with all GPUs of this host."""
    with Grader(catalogue, gpus=gpus, threads=2) as started:
        yield started
