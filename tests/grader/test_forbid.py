"""Forbidden names are found however they are spelled, and the student's own names are left alone."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from grader.forbid import Use, find_forbidden, own_methods

ROOT = Path(__file__).parents[2]
CROSS_ENTROPY = "torch.nn.functional.cross_entropy"


def uses(source, *forbidden):
    return find_forbidden(textwrap.dedent(source), forbidden or [CROSS_ENTROPY])


CAUGHT = {
    "whole path": "import torch\ntorch.nn.functional.cross_entropy(x, y)",
    "renamed module": "import torch.nn.functional as F\nF.cross_entropy(x, y)",
    "module from its package": "from torch.nn import functional\nfunctional.cross_entropy(x, y)",
    "renamed package": "import torch.nn as n\nn.functional.cross_entropy(x, y)",
    "imported by name": "from torch.nn.functional import cross_entropy",
    "imported under another name": "from torch.nn.functional import cross_entropy as ce",
    "star import": "from torch.nn.functional import *\ncross_entropy(x, y)",
    "assigned": "import torch\nf = torch.nn.functional\ng = f.cross_entropy",
    "assigned in a tuple": "import torch\na, (b, c) = 1, (torch.nn, 2)\nb.functional.cross_entropy",
    "assigned with a star": "import torch\na, *b = 1, torch.nn.functional\nb[0].cross_entropy",
    "assigned in an expression": "import torch\n(f := torch.nn.functional).cross_entropy",
    "assigned later than used": "def f():\n    return m.cross_entropy\nimport torch.nn.functional as m",
    "assigned to an attribute": "import torch\nself.f = torch.nn.functional\nother.f.cross_entropy",
    "assigned in a class": "import torch\nclass A:\n    f = torch.nn.functional\nA().f.cross_entropy",
    "assigned by global": "def a():\n    global m\n    import torch.nn.functional as m\ndef b():\n    m.cross_entropy",
    "default of a parameter": "import torch\ndef f(x, m=torch.nn.functional):\n    return m.cross_entropy(x)",
    "returned": "import torch\ndef lib():\n    return torch.nn.functional\nlib().cross_entropy",
    "returned by a lambda": "import torch\n(lambda: torch.nn)().functional.cross_entropy",
    "in a list": "import torch\nfor m in [torch.nn.functional]:\n    m.cross_entropy",
    "in a dictionary": "import torch\nd = {'f': torch.nn.functional}\nd['f'].cross_entropy",
    "chosen": "import torch\n(torch.nn if x else torch).functional.cross_entropy",
    "in a comprehension": "import torch\n[m.cross_entropy for m in (torch.nn.functional,)]",
    "in with": "import torch\nwith torch.nn.functional as m:\n    m.cross_entropy",
    "getattr": "import torch.nn.functional as F\ngetattr(F, 'cross_entropy')",
    "getattr of a package": "import torch\ngetattr(torch.nn, 'functional').cross_entropy",
    "getattr under another name": "import torch\ng = getattr\ng(g(torch.nn, 'functional'), 'cross_entropy')",
    "getattr with joined text": "import torch.nn.functional as F\ngetattr(F, 'cross' + '_' + 'entropy')",
    "getattr with a formatted text": "import torch.nn.functional as F\ne = 'entropy'\ngetattr(F, f'cross_{e}')",
    "getattr with a variable": "import torch.nn.functional as F\nname = 'cross_entropy'\ngetattr(F, name)",
    "builtins.getattr": "import builtins, torch\nbuiltins.getattr(torch.nn.functional, 'cross_entropy')",
    "__getattribute__": "import torch\ntorch.nn.functional.__getattribute__('cross_entropy')",
    "__import__": "__import__('torch.nn.functional').nn.functional.cross_entropy",
    "__import__ with fromlist": "__import__('torch.nn.functional', fromlist=['x']).cross_entropy",
    "importlib": "import importlib\nimportlib.import_module('torch.nn.functional').cross_entropy",
    "importlib by name": "from importlib import import_module as i\ni(name='torch.nn.functional').cross_entropy",
    "importlib, relative": "import importlib\nimportlib.import_module('.functional', 'torch.nn').cross_entropy",
    "resolve_name": "import pkgutil\npkgutil.resolve_name('torch.nn.functional:cross_entropy')",
    "vars": "import torch.nn.functional as F\nvars(F)['cross_entropy']",
    "__dict__": "import torch.nn.functional as F\nF.__dict__['cross_entropy']",
    "__dict__.get": "import torch.nn.functional as F\nF.__dict__.get('cross_entropy')",
    "attrgetter": "import operator, torch\noperator.attrgetter('nn.functional.cross_entropy')(torch)",
    "methodcaller": "import operator, torch\noperator.methodcaller('cross_entropy', x, y)(torch.nn.functional)",
    "sys.modules": "import sys\nsys.modules['torch'].nn.functional.cross_entropy",
    "sys.modules.get": "import sys\nsys.modules.get('torch.nn.functional').cross_entropy",
    "globals": "import torch.nn.functional as F\nglobals()['F'].cross_entropy",
    "eval": "import torch\neval('torch.nn.functional.cross_entropy')(x, y)",
    "exec": "exec('import torch.nn.functional as F')\nF.cross_entropy(x)",
    "eval in exec": 'import torch\nexec(\'eval("torch.nn.functional." + "cross_entropy")\')',
    "compile": "compile('from torch.nn.functional import cross_entropy', '', 'exec')",
    "re-exported package": "import torch.nn.functional as F\nF.torch.nn.functional.cross_entropy",
    "C function behind it": "import torch\ntorch.ops.aten.cross_entropy.default(x)",
    "replaced by the student": "import torch\ntorch.nn.functional.cross_entropy = mine",
    "decorator": "import torch.nn.functional as F\n@F.cross_entropy\ndef f(): ...",
}


@pytest.mark.parametrize("source", CAUGHT.values(), ids=CAUGHT.keys())
def test_finds_every_spelling(source):
    # getattr that is handed on is found for itself as well.
    assert {use.name for use in uses(source)} - {"getattr"} == {CROSS_ENTROPY}


INNOCENT = {
    "own function": "def cross_entropy(x, y):\n    return x\ncross_entropy(1, 2)",
    "own method": "class Loss:\n    def cross_entropy(self): ...\nLoss().cross_entropy()",
    "own variable": "import torch\ncross_entropy = 3\nprint(cross_entropy)",
    "parameter": "import torch\ndef f(cross_entropy):\n    return cross_entropy",
    "parameter hiding a module": "import torch.nn.functional as F\ndef f(F):\n    return F.cross_entropy",
    "own function despite a star": "from torch.nn.functional import *\ndef cross_entropy(): ...\ncross_entropy()",
    "docstring": '"""Uses torch.nn.functional.cross_entropy."""',
    "comment": "import torch  # torch.nn.functional.cross_entropy",
    "plain text": "import torch\nprint('torch.nn.functional.cross_entropy')",
    "other function": "import torch.nn.functional as F\nF.pad(x, y)",
    "longer name": "import torch.nn.functional as F\nF.cross_entropy_with_love(x)",
    "own module": "import layers\nlayers.cross_entropy(x)",
    "relative import": "from .layers import cross_entropy",
    "module that is not used": "import torch.nn.functional as F",
    "eval of data": "eval('1 + 1'); eval('('); eval(text)",
}


@pytest.mark.parametrize("source", INNOCENT.values(), ids=INNOCENT.keys())
def test_leaves_own_names_alone(source):
    assert uses(source) == []


def test_says_where_what_and_how():
    source = """
    import torch.nn.functional as F

    def loss(x, y):
        return -F.cross_entropy(x, y)
    """
    assert uses(source) == [Use(5, CROSS_ENTROPY, "F.cross_entropy")]


def test_a_forbidden_package_covers_what_is_below_it():
    source = "import torch\ntorch.autograd.grad(y, x)\nfrom torch.autograd.functional import jacobian\ntorch.abs(x)"
    assert [use.line for use in uses(source, "torch.autograd")] == [2, 3]


def test_the_most_exact_name_is_reported():
    found = uses("import torch\ntorch.nn.functional.cross_entropy", "torch.nn", CROSS_ENTROPY)
    assert [use.name for use in found] == [CROSS_ENTROPY]


@pytest.mark.parametrize(
    "source",
    [
        "loss.backward()",
        "(a * b).sum().backward()",
        "import torch\ntorch.ones(3).backward()",
        "import torch\ntorch.Tensor.backward(x)",
        "from torch import Tensor\nf = Tensor.backward",
        "import torch\ntorch.nn.Parameter.backward(x)",
        "getattr(loss, 'backward')()",
        "getattr(loss, 'back' + 'ward')()",
        "import operator\noperator.methodcaller('backward')(loss)",
        "f = loss.backward",
        "class Net:\n    def backward(self): ...\nf = loss.backward",
        "class Net:\n    def step(self):\n        self.backward()",
    ],
)
def test_a_method_of_tensors_is_found_on_any_object(source):
    assert {use.name for use in uses(source, "torch.Tensor.backward")} == {"torch.Tensor.backward"}


@pytest.mark.parametrize(
    "source",
    [
        "def backward(x): ...\nbackward(1)",
        "class Net:\n    def backward(self): ...\n    def step(self):\n        self.backward()",
        "class Net:\n    def backward(self): ...\nnet = Net()\nnet.backward()",
        "class Net:\n    def backward(self):\n        super().backward()",
        "class Net:\n    def backward(self): ...\nNet.backward(net)",
        "import layers\nlayers.backward()",
    ],
)
def test_a_method_of_the_students_own_classes_is_not_a_tensors(source):
    assert uses(source, "torch.Tensor.backward") == []


def test_knows_methods_of_the_submissions_other_files():
    layers = "class Dense:\n    def backward(self, grad): ..."
    source = "from layers import Dense\nlayer = Dense()\nlayer.backward(1)"
    assert find_forbidden(source, ["torch.Tensor.backward"], own_methods(layers)) == []


@pytest.mark.parametrize(
    "source",
    [
        "x.requires_grad = True",
        "if x.requires_grad: ...",
        "import torch\ntorch.ones(3, requires_grad=True)",
        "import torch\ntorch.ones(3, **{'requires_grad': True})",
        "setattr(x, 'requires_grad', True)",
        "class A:\n    def requires_grad(self): ...\nx.requires_grad = 1",
    ],
)
def test_an_attribute_of_tensors_is_found_as_a_keyword_too(source):
    assert len(uses(source, "torch.Tensor.requires_grad")) == 1


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch.ones(3, requires_grad=False)",
        "def make(requires_grad): ...\nmake(requires_grad=True)",
        "requires_grad = True",
    ],
)
def test_a_keyword_of_own_functions_is_not_a_tensors(source):
    assert uses(source, "torch.Tensor.requires_grad") == []


@pytest.mark.parametrize(
    ("source", "forbidden"),
    [
        ("import torch\ntorch._C._VariableFunctions.softmax(x)", "torch.softmax"),
        ("import torch\ntorch._VF.softmax(x)", "torch.softmax"),
        ("from torch._C import _nn\n_nn.gelu(x)", "torch.nn.functional.gelu"),
        ("import torch\ntorch._C._special.special_expit(x)", "torch.special.expit"),
        ("import torch\ntorch._C.TensorBase.softmax(x)", "torch.Tensor.softmax"),
    ],
)
def test_knows_the_c_functions_behind_torchs_names(source, forbidden):
    assert forbidden in {use.name for use in uses(source, forbidden)}


def test_source_that_python_cannot_read_is_not_passed():
    with pytest.raises(SyntaxError):
        uses("def f(:")


@pytest.mark.parametrize(
    "source",
    [
        "import torch\n" + "x = x.a\n" * 300,
        "import torch\na = " + " + ".join(["'ab'"] * 250),
        "import torch\n" + "".join(f"a{i} = a{i + 1}\n" for i in range(300)),
        "x = ['a', 'b']\ny = " + "x[0] + " * 60 + "x[1]",
        "def f(): return f()\nf().g",
        "x = x\ny = (y, y)\nlambda: y",
    ],
)
def test_source_made_to_explode_ends_soon(source):
    assert uses(source) == []


def in_new_python(source):
    """What a program prints that may spoil torch for good."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


RAISES = """
def raises(act):
    try:
        act()
    except ForbiddenError as error:
        print(error)
    else:
        print("nothing raised")
"""


def test_blocked_functions_raise_and_training_goes_on():
    lines = in_new_python(
        """
        import gc, weakref
        import torch
        import torch.nn.functional as F
        from grader.blocks import ForbiddenError, block
        x = torch.randn(4, 3)
        y = torch.tensor([0, 1, 2, 0])
        original = weakref.ref(F.cross_entropy)
        done = block([
            "torch.nn.functional.cross_entropy", "torch.nn.functional.log_softmax", "torch.softmax",
            "torch.log_softmax", "torch.Tensor.softmax", "torch.nn.CrossEntropyLoss", "torch.no_such_thing",
        ])
        """
        + textwrap.indent(RAISES, "        ")
        + """
        gc.collect()
        print(original())
        print(len(done.blocked), done.static_only, done.unresolved)
        raises(lambda: F.cross_entropy(x, y))
        raises(lambda: torch.nn.modules.loss.F.cross_entropy(x, y))
        raises(lambda: F.cross_entropy.sub)
        raises(lambda: torch.softmax(x, 0))
        raises(lambda: x.softmax(0))
        raises(lambda: torch.nn.Parameter(x).softmax(0))
        raises(lambda: F.softmax(x, 0))
        raises(lambda: torch.nn.Softmax(0)(x))
        raises(lambda: torch.nn.LogSoftmax(0)(x))
        raises(lambda: torch.nn.CrossEntropyLoss())
        raises(lambda: torch.nn.modules.loss.CrossEntropyLoss.forward)
        raises(lambda: type("Mine", (torch.nn.CrossEntropyLoss,), {}))
        print(isinstance(x, torch.nn.CrossEntropyLoss))
        model = torch.nn.Linear(3, 3)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        losses = []
        for _ in range(20):
            optimizer.zero_grad()
            loss = ((model(x) - x) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        print(losses[-1] < losses[0])
        """
    )
    functional, loss = "torch.nn.functional", "torch.nn.CrossEntropyLoss"
    assert lines == [
        *["None", "6 () ('torch.no_such_thing',)"],
        *[f"{functional}.cross_entropy"] * 3,
        *["torch.softmax", "torch.Tensor.softmax", "torch.Tensor.softmax", "torch.Tensor.softmax"],
        *["torch.Tensor.softmax", f"{functional}.log_softmax", loss, loss, loss, "False", "True"],
    ]


def test_gradients_are_blocked_but_for_who_has_the_function_already():
    lines = in_new_python(
        """
        import torch
        from grader.blocks import ForbiddenError, block
        ours = torch.autograd.backward
        done = block([
            "torch.autograd", "torch.Tensor.backward", "torch.Tensor.requires_grad", "torch.set_grad_enabled",
            "torch.func", "torch.nn", "torch._C", "torch.ops", "torch.jit",
        ])
        """
        + textwrap.indent(RAISES, "        ")
        + """
        print(done.blocked, done.unresolved)
        print(len(done.static_only))
        x = torch.ones(3, requires_grad=True)
        raises(lambda: x.sum().backward())
        raises(lambda: torch.autograd.backward(x.sum()))
        raises(lambda: torch.autograd.grad(x.sum(), x))
        raises(lambda: torch.autograd.functional.jacobian(torch.exp, x))
        raises(lambda: torch.func.grad(torch.sum)(x))
        raises(lambda: torch.nn.functional.relu(x))
        raises(lambda: torch.nn.functional.logsigmoid(x))
        ours([(x * 2).sum()], [torch.tensor(1.0)])
        print(x.grad.tolist())
        with torch.no_grad():
            print((x * 2).requires_grad)
        print(torch.conv1d(torch.ones(1, 1, 3), torch.ones(1, 1, 3)).item())
        """
    )
    assert lines == [
        "('torch.autograd', 'torch.Tensor.backward', 'torch.func', 'torch.nn') ()",
        "5",
        *["torch.Tensor.backward", "torch.autograd.backward", "torch.autograd.grad"],
        *["torch.autograd.functional.jacobian", "torch.func.grad"],
        *["torch.nn.functional.relu", "torch.nn.functional.logsigmoid"],
        *["[2.0, 2.0, 2.0]", "False", "3.0"],
    ]


def test_other_libraries_cannot_be_imported():
    lines = in_new_python(
        """
        import sys
        import numpy, scipy.special, torch
        from grader.blocks import ForbiddenError, block
        print(block(["scipy", "numpy.linalg", "no_such_library"]))
        """
        + textwrap.indent(RAISES, "        ")
        + """
        raises(lambda: __import__("scipy"))
        raises(lambda: __import__("scipy.special"))
        raises(lambda: numpy.linalg.inv(numpy.eye(2)))
        print("scipy" in sys.modules, numpy.eye(2).sum())
        """
    )
    assert lines == [
        "Blocked(blocked=('scipy', 'numpy.linalg'), static_only=(), unresolved=('no_such_library',))",
        *["scipy", "scipy", "numpy.linalg.inv", "False 2.0"],
    ]
