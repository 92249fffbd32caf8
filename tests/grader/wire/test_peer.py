"""What a test can do with a module behind the wire is what it can do with the module itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grader.wire.channel import ChannelClosed, MalformedFrame


def test_calls_take_and_return_plain_data(student):
    module = student("def f(x, *, k=2): return [x, k]")
    assert module.f("a", k=3) == ["a", 3]


def test_exceptions_arrive_as_the_same_builtin_type(student):
    module = student("def f(): raise KeyError('missing')")
    with pytest.raises(KeyError, match="missing"):
        module.f()


def test_own_exceptions_arrive_as_their_nearest_builtin_base(student):
    module = student("class Mine(ValueError): pass\ndef f(): raise Mine('no')")
    with pytest.raises(ValueError, match="no") as caught:
        module.f()
    assert type(caught.value).__name__ == "Mine"


def test_system_exit_is_an_exception_like_any_other(student):
    module = student("def f(): raise SystemExit(0)")
    with pytest.raises(Exception, match="0"):
        module.f()
    assert module.f.__name__ == "f"


def test_in_place_changes_of_tensors_and_arrays_are_seen(student):
    module = student("def f(x, a): x += 1; a[1] = 5")
    x, a = torch.zeros(2, 3).t(), np.zeros(3)
    module.f(x, a)
    assert x.eq(1).all()
    assert a.tolist() == [0, 5, 0]


def test_in_place_changes_of_large_tensors_are_seen(student):
    module = student("def f(x): x[-1] = 1")
    x = torch.zeros(1 << 19)
    module.f(x)
    assert x.sum() == 1


def test_in_place_changes_are_seen_when_the_call_fails(student):
    module = student("def f(x): x += 1; raise ValueError")
    x = torch.zeros(2)
    with pytest.raises(ValueError):
        module.f(x)
    assert x.eq(1).all()


def test_changes_of_lists_and_dicts_are_seen(student):
    module = student("def f(l, d): l.append(l[0]); d['k'] = 2; del d['a']")
    first = torch.ones(1)
    values, table = [first], {"a": 1}
    module.f(values, table)
    assert values[1] is first
    assert table == {"k": 2}


def test_untouched_arguments_stay_untouched(student):
    module = student("def f(x): return x + 1")
    x = torch.zeros(3)
    version = x._version
    module.f(x)
    assert x._version == version


def test_an_argument_that_is_returned_is_the_same_object(student):
    module = student("def f(x): return [x, x.clone()]")
    x = torch.ones(2)
    same, other = module.f(x)
    assert same is x
    assert other is not x


def test_gradients_reach_the_inputs(student):
    module = student("def f(x, w): return (x * w).exp()")
    x = torch.randn(3, requires_grad=True)
    w = torch.randn(3, requires_grad=True)
    (2 * module.f(x, w * 1)).sum().backward()
    assert torch.allclose(x.grad, (2 * w * (x * w).exp()).detach())
    assert torch.allclose(w.grad, (2 * x * (x * w).exp()).detach())


def test_gradients_flow_through_two_calls(student):
    module = student("def f(x): return x ** 2\ndef g(x): return x.sin()")
    x = torch.tensor([0.5, 1.0], requires_grad=True)
    module.g(module.f(x)).sum().backward()
    assert torch.allclose(x.grad, (2 * x * (x**2).cos()).detach())


def test_gradients_that_the_student_computes_are_seen(student):
    module = student("def f(x): (x ** 2).sum().backward()")
    x = torch.ones(2, requires_grad=True)
    module.f(x)
    assert x.grad.tolist() == [2, 2]


def test_no_grad_is_respected(student):
    module = student("def f(x): return x * 2")
    with torch.no_grad():
        assert not module.f(torch.ones(1, requires_grad=True)).requires_grad


def test_a_detached_result_has_no_gradient(student):
    module = student("def f(x): return x.detach() * 2")
    assert not module.f(torch.ones(1, requires_grad=True)).requires_grad


MODEL = """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)
    def forward(self, x):
        return self.layer(x).tanh()
"""


def test_models_pass_for_modules(student):
    model = student(MODEL, classes=("Net",)).Net()
    assert isinstance(model, torch.nn.Module)
    assert model.training
    assert len(list(model.parameters())) == 2


def test_an_optimiser_of_the_test_trains_the_students_model(student):
    model = student(MODEL, classes=("Net",)).Net()
    twin = torch.nn.Linear(3, 2)
    twin.load_state_dict(model.layer.state_dict())
    x = torch.randn(8, 3)
    ours = torch.optim.Adam(model.parameters(), lr=0.1)
    theirs = torch.optim.Adam(twin.parameters(), lr=0.1)
    for _ in range(5):
        for optimiser, output in ((ours, model(x)), (theirs, twin(x).tanh())):
            optimiser.zero_grad()
            output.pow(2).sum().backward()
            optimiser.step()
    assert torch.allclose(model(x), twin(x).tanh(), atol=1e-6)
    assert torch.allclose(model.layer.weight.grad, twin.weight.grad, atol=1e-6)


def test_a_parameter_that_is_changed_and_dropped_at_once_is_changed_there(student):
    model = student(MODEL, classes=("Net",)).Net()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    del parameter
    assert model(torch.ones(1, 3)).tolist() == [[0, 0]]


def test_autograd_grad_works_on_the_students_parameters(student):
    model = student(MODEL, classes=("Net",)).Net()
    parameters = list(model.parameters())
    grads = torch.autograd.grad(model(torch.ones(1, 3)).sum(), parameters)
    assert [grad.shape for grad in grads] == [(2, 3), (2,)]
    assert all(parameter.grad is None for parameter in parameters)


def test_parameters_have_their_gradient_after_backward(student):
    model = student(MODEL, classes=("Net",)).Net()
    model(torch.ones(1, 3)).sum().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_weight_penalty_adds_to_the_models_own_gradient(student):
    model = student(MODEL, classes=("Net",)).Net()
    weight = model.layer.weight
    (model(torch.ones(1, 3)).sum() + weight.pow(2).sum()).backward()
    plain = torch.autograd.grad(model(torch.ones(1, 3)).sum(), [weight])[0]
    assert torch.allclose(weight.grad, plain + 2 * weight, atol=1e-6)


def test_a_parameter_is_the_same_object_each_time(student):
    model = student(MODEL, classes=("Net",)).Net()
    assert model.layer.weight is model.layer.weight


def test_functions_of_the_test_are_called_back(student):
    module = student("def f(g, x): return g(x) + g(x, scale=3)")
    assert module.f(lambda value, scale=1: value * scale, 2) == 8


def test_an_exception_of_a_callback_comes_home_as_itself(student):
    class Mine(Exception):
        pass

    def fail():
        raise Mine("secret")

    module = student("def f(g): g()")
    with pytest.raises(Mine, match="secret"):
        module.f(fail)


def test_the_text_of_a_callbacks_exception_stays_here(student):
    def fail():
        raise AssertionError("expected 42")

    module = student("def f(g):\n    try: g()\n    except Exception as error: return str(error)")
    assert module.f(fail) == ""


def test_a_model_of_the_test_can_be_trained_by_the_student(student):
    module = student("""
        import torch
        def fit(model, x):
            optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(5):
                optimiser.zero_grad()
                loss = model(x).pow(2).sum()
                loss.backward()
                optimiser.step()
            return loss.item()
    """)
    model, x = torch.nn.Linear(3, 1), torch.randn(4, 3) / 2
    before = model(x).pow(2).sum().item()
    after = module.fit(model, x)
    assert after < before
    assert model(x).pow(2).sum().item() < after


def test_library_functions_are_passed_by_name(student):
    module = student("import torch\ndef f(function, x): return function is torch.relu, function(x)")
    same, value = module.f(torch.relu, torch.tensor([-1.0, 2.0]))
    assert same
    assert value.tolist() == [0, 2]


def test_generators_are_iterated_here(student):
    module = student("def f(n):\n    for i in range(n): yield i")
    assert list(module.f(3)) == [0, 1, 2]


def test_objects_have_items_length_and_membership(student):
    module = student(
        "class Bag(list): pass\nclass Box:\n    def __init__(s): s.d = {}\n"
        "    def __len__(s): return len(s.d)\n    def __getitem__(s, k): return s.d[k]\n"
        "    def __setitem__(s, k, v): s.d[k] = v\n    def __contains__(s, k): return k in s.d\n",
        classes=("Box",),
    )
    box = module.Box()
    box["a"] = 1
    assert box["a"] == 1
    assert len(box) == 1
    assert "a" in box
    assert "b" not in box


LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __sub__(self, other): return 0.0
    def __abs__(self): return 0.0
    def all(self): return True
    def __len__(self): return 3
    shape = (3,)
def f(): return Liar()
"""


def test_a_returned_object_answers_no_comparison(student):
    assert (student(LIAR).f() == 3) is False


@pytest.mark.parametrize(
    "judge",
    [lambda x: x < 3, lambda x: abs(x - 3), lambda x: x.all(), lambda x: x.shape, lambda x: torch.allclose(x, x)],
)
def test_a_returned_object_cannot_judge_in_place_of_a_tensor(student, judge):
    with pytest.raises((TypeError, AttributeError)):
        judge(student(LIAR).f())


def test_objects_that_the_test_constructs_do_arithmetic(student):
    module = student(
        "class V:\n    def __init__(s, x): s.x = x\n    def __add__(s, o): return V(s.x + o.x)\n"
        "    def __radd__(s, o): return V(s.x + o)\n    def __neg__(s): return V(-s.x)\n"
        "    def __matmul__(s, o): return V(s.x * o.x)\n    def __sub__(s, o): return 0.0\n    def own(s): return s\n",
        classes=("V",),
    )
    assert (module.V(2) + module.V(3)).x == 5
    assert (1 + module.V(3)).x == 4
    assert (-module.V(3)).x == -3
    assert (module.V(3) @ module.V(4)).x == 12
    with pytest.raises(TypeError, match="plain data"):
        module.V(3) - 2
    with pytest.raises(TypeError, match="cannot calculate"):
        module.V(3).own() + 1


def test_dropped_objects_are_dropped_there(student):
    module = student(
        "import gc\nclass A: alive = 0\n"
        "class B(A):\n    def __init__(s): A.alive += 1\n    def __del__(s): A.alive -= 1\n"
        "def alive(): gc.collect(); return A.alive"
    )
    kept = [module.B() for _ in range(3)]
    del kept[1:]
    module.alive()
    assert module.alive() == 1


REFUSED = [
    "import subprocess\ndef f(g): return g.__globals__",
    "def f(g): return type(g).__mro__ and g.__code__.co_consts",
    "def f(g): return g.__class__.__init__.__globals__",
    "def f(g): g.secret = 1",
    "def f(g): return g.__self__",
]


@pytest.mark.parametrize("source", REFUSED)
def test_a_callback_cannot_be_taken_apart(student, source):
    def function():
        return 1

    with pytest.raises(Exception) as caught:
        student(source).f(function)
    assert isinstance(caught.value, AttributeError | PermissionError | RuntimeError | TypeError)


def test_a_side_that_hangs_up_is_noticed(student):
    module = student("import os\ndef f(): os._exit(0)")
    with pytest.raises(ChannelClosed):
        module.f()


def test_noise_on_the_wire_is_noticed(student):
    module = student("""
        import os
        def f():
            import socket
            for fd in range(3, 1000):
                try: os.write(fd, b"\\x05\\x00\\x00\\x00\\x00\\x00\\x00\\x00hello")
                except OSError: pass
            return 1
    """)
    with pytest.raises(MalformedFrame):
        module.f()
