"""A small exercise with a training check for each class of devices, for graders with stand-ins for GPUs."""

from __future__ import annotations

import shutil
from pathlib import Path

from grader.device.gpu import Gpu
from grader.exercise import Catalogue
from grader.submission import Upload
from tests.conftest import ROOT

CONFIG = """
module = "toys"
[limits]
seconds = 5
load_seconds = 5
memory_mb = 512
[training]
seeds = 2
[training.cpu]
budget_s = 10
ladder = [[0.5, 1], [0.9, 2]]
[training.gpu]
budget_s = 10
memory_mb = 300
ladder = [[0.5, 2], [0.9, 4]]
"""

PUBLIC = '''
import pytest


def test_adds(student):
    """Adds.

    pt: Soma.
    """
    assert student.add(2, 3) == 5
'''

HIDDEN = '''
import pytest


@pytest.mark.needs("test_adds")
def test_trains(student, training):
    """Trains.

    pt: Treina.
    """

    def reached(run):
        assert run.device == "cpu"
        return student.train(run.device)

    training.check(reached)


@pytest.mark.gpu
@pytest.mark.needs("test_adds")
def test_trains_on_a_gpu(student, training):
    """Trains on a GPU.

    pt: Treina em uma GPU.
    """

    def reached(run):
        run.report(1, loss=0.5)
        return student.train(run.device)

    training.check(reached)
'''

REFERENCE = """
import torch


def add(left, right):
    return left + right


def train(device):
    return float(torch.ones(4, device=device).mean())
"""


def write_tree(root: Path, config: str = CONFIG, hidden: str = HIDDEN, reference: str = REFERENCE) -> Catalogue:
    """A catalogue with the one exercise ``twin``."""
    public, private = root / "exercises" / "twin", root / "solutions" / "twin"
    for folder in (public, private):
        folder.mkdir(parents=True)
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / "exercises" / name, public.parent)
    (public / "README.md").write_text("# Twin\n")
    (public / "README.pt-BR.md").write_text("# Gêmeo\n")
    (public / "exercise.toml").write_text(config)
    stubs = (f"def {head}:\n    raise NotImplementedError\n" for head in ("add(left, right)", "train(device)"))
    (public / "twin.py").write_text("\n\n".join(stubs))
    (public / "test_twin.py").write_text(PUBLIC)
    (private / "twin.py").write_text(reference)
    (private / "test_twin_hidden.py").write_text(hidden)
    return Catalogue(public.parent, private.parent)


def stand_in(number: int = 0, memory_mb: int = 4000) -> Gpu:
    """A "GPU" that torch calls the CPU: everything but the driver is as with a real one."""
    return Gpu(number, f"GPU-stand-in-{number}", f"Stand-in {number}", memory_mb, torch="cpu")


def upload(source: str = REFERENCE) -> Upload:
    """A submission."""
    return Upload("twin.py", source.encode())
