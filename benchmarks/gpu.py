"""What grading a training on a GPU costs beyond the training: at most 5 %, and the start of CUDA.

    python benchmarks/gpu.py                  a training of about 20 s, bare and graded
    python benchmarks/gpu.py --seconds 60     a longer one
    python benchmarks/gpu.py --stand-in       tries the benchmark itself where there is no GPU

Bare: a script in a fresh process, its imports, its start of CUDA and its training measured apart. Graded: the same
training as a submission, from the call of the grader to the report. The grader starts CUDA in a fresh candidate for
each run, and once more afterwards to see whether the GPU is still well.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.device.discover import find_gpus
from grader.device.gpu import Gpu
from grader.exercise import Catalogue
from grader.pool import Grader
from grader.report import Report
from grader.submission import Upload

ROOT = Path(__file__).resolve().parent.parent
#: what grading may cost beyond the training
ALLOWED = 0.05
EXAMPLES = 20_000

TRAINING = """
import torch

STEPS = {steps}


def train(images, labels, device):
    torch.manual_seed(1)
    images, labels = images.to(device), labels.to(device)
    layers = [torch.nn.Conv2d(1, 32, 3), torch.nn.ReLU(), torch.nn.Conv2d(32, 64, 3), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.MaxPool2d(2), torch.nn.Flatten(), torch.nn.Linear(9216, 10)).to(device)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
    loss = torch.zeros(())
    for step in range(STEPS):
        chosen = torch.randint(len(images), (256,), device=device)
        loss = torch.nn.functional.cross_entropy(net(images[chosen]), labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return float(loss)
"""

BARE = """
import json, sys, time
began = time.perf_counter()
import torch
from work import train
imported = time.perf_counter()
device = sys.argv[1]
torch.set_num_threads(1)
torch.nn.functional.conv2d(torch.ones(1, 1, 8, 8, device=device), torch.ones(1, 1, 3, 3, device=device)).sum().item()
(torch.ones(8, 8, device=device) @ torch.ones(8, 8, device=device)).sum().item()
started = time.perf_counter()
images, labels = torch.load("data.pt")
loaded = time.perf_counter()
train(images, labels, device)
ended = time.perf_counter()
print(json.dumps({"import": imported - began, "start": started - imported, "train": ended - loaded}))
"""

HIDDEN = '''
import pytest
import torch


@pytest.mark.gpu
def test_trains(student, training):
    """Trains.

    pt: Treina.
    """

    def reached(run):
        images, labels = torch.load("{data}")
        loss = student.train(images, labels, run.device)
        assert loss == loss
        return 1.0

    training.check(reached)
'''

CONFIG = 'module = "speed"\n[limits]\nmemory_mb = 4096\n[training]\nseeds = 1\n[training.gpu]\nbudget_s = 3600\n'
CONFIG += "memory_mb = 8192\nladder = [[0.5, 1]]\n"


@contextmanager
def opened(gpu: Gpu) -> Iterator[tuple[Path, Catalogue, Grader]]:
    """A folder with an exercise and its data, and a warm grader."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        _write(folder)
        catalogue = Catalogue(folder / "exercises", folder / "solutions")
        with Grader(catalogue, gpus=[gpu]) as grader:
            yield folder, catalogue, grader


def _write(folder: Path) -> None:
    import torch

    public, private = folder / "exercises" / "speed", folder / "solutions" / "speed"
    for each in (public, private):
        each.mkdir(parents=True)
    (public.parent / "conftest.py").write_bytes((ROOT / "exercises" / "conftest.py").read_bytes())
    for name in ("README.md", "README.pt-BR.md"):
        (public / name).write_text("# Speed\n")
    (public / "exercise.toml").write_text(CONFIG)
    (public / "speed.py").write_text("def train(images, labels, device):\n    raise NotImplementedError\n")
    (public / "test_speed.py").write_text(
        'def test_is_there(student):\n    """Is there."""\n    assert student.train\n'
    )
    (private / "test_speed_hidden.py").write_text(HIDDEN.format(data=folder / "data.pt"))
    torch.manual_seed(0)
    torch.save((torch.randn(EXAMPLES, 1, 28, 28), torch.randint(10, (EXAMPLES,))), folder / "data.pt")
    (folder / "bare.py").write_text(BARE)


def bare(folder: Path, steps: int, device: str) -> dict[str, float]:
    """The training by itself, in seconds."""
    (folder / "work.py").write_text(TRAINING.format(steps=steps))
    command = [sys.executable, "bare.py", device]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the bare training failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def graded(catalogue: Catalogue, grader: Grader, steps: int) -> tuple[float, Report]:
    """The training as a submission: seconds until the report of the part on the GPU."""
    exercise, upload = catalogue.find("speed"), Upload("speed.py", TRAINING.format(steps=steps).encode())
    first = grader.grade(exercise, upload, device="cpu")
    start = time.perf_counter()
    report = grader.grade(exercise, upload, device="cuda", earlier=first)
    seconds = time.perf_counter() - start
    if report.score != report.max_score:
        sys.exit(f"the training was not graded: {[(test.name, test.message.get('en')) for test in report.tests]}")
    return seconds, report


def choose_steps(folder: Path, device: str, seconds: float) -> int:
    """As many steps as take about so long."""
    steps = 5
    while (taken := bare(folder, steps, device)["train"]) < seconds / 10:
        steps *= 4
    return max(1, round(steps * seconds / taken))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="about so long a training")
    parser.add_argument("--rounds", type=int, default=3, help="so often, of which the median counts")
    parser.add_argument("--stand-in", action="store_true", help="on the processor, to try the benchmark itself")
    chosen = parser.parse_args()
    found = find_gpus()
    gpus = [Gpu(0, "stand-in", "stand-in", 64_000, torch="cpu")] if chosen.stand_in else found.gpus
    if not gpus:
        print(f"no GPU on this host: {found.problem or 'the driver has no node (/dev/nvidiactl)'}", file=sys.stderr)
        return 3
    gpu = gpus[0]
    with opened(gpu) as (folder, catalogue, grader):
        steps = choose_steps(folder, gpu.torch, chosen.seconds)
        graded(catalogue, grader, 1)  # what is done once, such as collecting the tests
        alone = [bare(folder, steps, gpu.torch) for _ in range(chosen.rounds)]
        taken = [graded(catalogue, grader, steps)[0] for _ in range(chosen.rounds)]
    return tell(gpu, steps, alone, statistics.median(taken))


def tell(gpu: Gpu, steps: int, alone: list[dict[str, float]], taken: float) -> int:
    """Print what was measured; 1: it is more than what is allowed."""
    train, start, imports = (statistics.median(each[name] for each in alone) for name in ("train", "start", "import"))
    # The candidate's start of CUDA, and that of the look at the GPU afterwards.
    beyond = taken - train - 2 * start
    print(f"{gpu}, {steps} steps")
    print(f"bare     {imports:6.2f} s imports  {start:6.2f} s start of CUDA  {train:6.2f} s training")
    print(f"graded   {taken:6.2f} s in all, with two starts of CUDA")
    print(f"beyond   {beyond:6.2f} s, {beyond / train:.1%} of the training (allowed: {ALLOWED:.0%})")
    return int(beyond > ALLOWED * train)


if __name__ == "__main__":
    sys.exit(main())
