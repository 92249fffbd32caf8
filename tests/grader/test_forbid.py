"""Forbidden names are found however they are written, and nothing else is."""

from __future__ import annotations

import pytest

from grader.forbid import find_forbidden
from grader.notebook import definitions_only

NAMES = ["torch.nn.functional.cross_entropy", "torch.softmax", "torch.Tensor.backward", "torch.Tensor.requires_grad",
         "torch.autograd"]  # fmt: skip

FOUND = [
    "import torch.nn.functional as F\ny = F.cross_entropy(a, b)",
    "from torch.nn import functional as F\ny = F.cross_entropy(a, b)",
    "from torch.nn.functional import cross_entropy as ce",
    "from torch.nn.functional import *",
    "import torch\ny = torch.nn.functional.cross_entropy(a, b)",
    "import torch\nf = torch.nn.functional\ng = f.cross_entropy",
    "import torch\n(f, g) = (torch.nn.functional, 1)\nh = f.cross_entropy",
    "import torch.nn.functional as F\ng = getattr(F, 'cross_' + 'entropy')",
    "import torch.nn.functional as F\nname = input()\ng = getattr(F, name)",
    "import torch.nn.functional as F\ng = vars(F)['cross_entropy']",
    "import torch.nn.functional as F\ng = F.__dict__[f'cross_{\"entropy\"}']",
    "F = __import__('torch.nn.functional')",
    "import importlib\nF = importlib.import_module('torch.nn.functional')",
    "import sys\nF = sys.modules['torch']",
    "eval('torch.softmax')",
    "exec('import torch')",
    "e = eval\ne('1')",
    "from torch import softmax",
    "import torch as t\ns = t.softmax",
    "import torch\nif (s := torch.softmax): pass",
    "loss.backward()",
    "f = loss.backward",
    "getattr(loss, 'backward')()",
    "x.requires_grad = True",
    "import torch\nx = torch.ones(3, requires_grad=True)",
    "import torch\ng = torch.autograd.grad(y, x)",
    "from torch.autograd import grad",
    "import torch\nf = torch.ops.aten.softmax",
    "import torch\nf = torch._C._nn.cross_entropy_loss",
    "import gc",
    "import ctypes",
    "import grader.wire.gradient",
    "from functools import partial\nimport torch\nf = partial(torch.softmax, dim=1)",
]

ALLOWED = [
    "def cross_entropy(logits, targets): return logits\ny = cross_entropy(1, 2)",
    "def softmax(x): return x",
    "class Net:\n    def backward(self): pass\n    def step(self): self.backward()",
    "# torch.softmax\n'F.cross_entropy'\nx = 'loss.backward()'",
    "import torch\ny = torch.exp(x) / torch.exp(x).sum()",
    "import torch.nn.functional as F\ny = F.relu(x)",
    "def compile(model): return model\ncompile(1)",
    "backward = 3\nprint(backward)",
    "def f(x)",
]


@pytest.mark.parametrize("source", FOUND)
def test_a_forbidden_use_is_found(source):
    uses = find_forbidden(source, NAMES)
    assert uses
    assert uses[-1].line == source.count("\n", 0, len(source.rstrip())) + 1


@pytest.mark.parametrize("source", ALLOWED)
def test_what_is_the_students_own_is_not_flagged(source):
    assert find_forbidden(source, NAMES) == []


def test_an_exercise_that_forbids_nothing_forbids_nothing():
    assert find_forbidden("eval('1')\nimport gc", []) == []


def test_definitions_survive_and_the_rest_is_blanked_in_place():
    source = "# cell 2\nimport torch\nx = 1\nplot(\n  x)\nfor i in range(3):\n    print(i)\ndef f():\n    return x\n"
    kept, left_out = definitions_only(source)
    assert kept.splitlines() == [
        "# cell 2", "import torch", "x = 1", "pass", "", "pass", "", "def f():", "    return x"
    ]  # fmt: skip
    assert left_out == ["cell 2: plot(", "cell 2: for i in range(3):"]


def test_a_notebook_that_does_not_parse_is_left_to_the_loader():
    assert definitions_only("def f(") == ("def f(", [])


BLOCKED = """
import torch
from grader.blocks import ForbiddenError, block
block(["torch.nn.functional.cross_entropy", "torch.softmax", "torch.Tensor.softmax", "torch.nn.CrossEntropyLoss",
       "torch.Tensor.requires_grad", "torch._C"])
layer = torch.nn.Linear(3, 2)
optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
layer(torch.ones(1, 3)).sum().backward()
optimiser.step()
x = torch.ones(1, 2)
acts = [
    lambda: torch.nn.functional.cross_entropy(x, torch.tensor([0])),
    lambda: torch.nn.modules.loss.F.cross_entropy(x, torch.tensor([0])),
    lambda: torch.softmax(x, 1),
    lambda: x.softmax(1),
    lambda: torch.nn.CrossEntropyLoss(),
]
for act in acts:
    try:
        act()
    except ForbiddenError as error:
        print(error)
"""


def test_blocked_functions_raise_and_training_still_works(run_python):
    assert run_python(BLOCKED).split() == [
        "torch.nn.functional.cross_entropy", "torch.nn.functional.cross_entropy", "torch.softmax",
        "torch.Tensor.softmax", "torch.nn.CrossEntropyLoss",
    ]  # fmt: skip


@pytest.fixture
def run_python():
    """Run a script in a process of its own: blocking cannot be undone."""
    import subprocess
    import sys

    def run(source: str) -> str:
        return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout

    return run
