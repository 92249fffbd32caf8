"""Plain data survives the wire; what is not plain, too deep or too large does not pass."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import msgspec
import numpy as np
import pytest
import torch

from grader.wire.packer import Packer
from grader.wire.unpacker import Unpacker
from grader.wire.values import Bounds, MalformedValue, ValueTooBig

Point = namedtuple("Point", "x y")

PLAIN = [
    None,
    True,
    -(2**63),
    2**200,
    -(2**70),
    1.5,
    float("inf"),
    "ação ∇",
    b"\x00\xff",
    [1, [2, (3, "x")]],
    (),
    {"a": 1, 2: [3], (1, 2): None},
    {1, 2},
    frozenset({"a"}),
    slice(1, None, 2),
    range(0, 10, 3),
    ...,
    3 + 4j,
    bytearray(b"ab"),
    torch.float64,
    torch.device("cpu"),
]

TENSORS = [
    torch.tensor(1.5),
    torch.empty(0, 3),
    torch.arange(6).reshape(2, 3),
    torch.tensor([True, False]),
    torch.tensor([1 + 2j]),
    torch.tensor([1.5], dtype=torch.bfloat16),
    torch.arange(6.0).reshape(2, 3)[:1, 1:2].t()[0],
    torch.arange(12.0).reshape(3, 4)[:, 3:].t()[:, :1],
    torch.arange(6.0).reshape(2, 3).t(),
    torch.arange(10.0)[::3],
    torch.ones(3, 1).expand(3, 4),
    torch.randn(600, 600, generator=torch.Generator().manual_seed(0)),
]

ARRAYS = [
    np.array(2.5),
    np.zeros((0, 2)),
    np.arange(6, dtype=np.int16).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.arange(12.0)[::2],
    np.array(["a", "çã"]),
    np.array([True]),
    np.random.default_rng(0).normal(size=300_000),
]


def refuse(value):
    raise TypeError(f"{type(value)} is not plain")


def travel(value, **bounds):
    packer = Packer(refuse, bounds=Bounds(**bounds))
    tree = msgspec.msgpack.decode(msgspec.msgpack.encode(packer.pack(value)))
    return Unpacker(refuse, packer.blob, bounds=Bounds(**bounds)).unpack(tree)


@pytest.mark.parametrize("value", PLAIN, ids=repr)
def test_plain_values_come_back_equal_and_of_the_same_type(value):
    found = travel(value)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("value", TENSORS, ids=lambda tensor: f"{tensor.dtype}-{list(tensor.shape)}-{tensor.stride()}")
def test_tensors_keep_values_type_shape_and_strides(value):
    found = travel(value)
    torch.testing.assert_close(found, value, rtol=0, atol=0)
    assert found.is_contiguous() == value.is_contiguous()
    assert value.is_contiguous() or found.stride() == value.stride()


@pytest.mark.parametrize("value", ARRAYS, ids=lambda array: f"{array.dtype}-{array.shape}")
def test_arrays_keep_values_type_and_shape(value):
    found = travel(value)
    np.testing.assert_array_equal(found, value)
    assert found.dtype == value.dtype
    assert found.flags.c_contiguous == value.flags.c_contiguous
    assert found.flags.f_contiguous == value.flags.f_contiguous


def test_nan_survives():
    assert np.isnan(travel(float("nan")))


def test_numpy_scalars_keep_their_type():
    assert type(travel(np.float32(1.5))) is np.float32


def test_subclasses_of_plain_types_arrive_as_plain_types():
    class Liar(float):
        def __eq__(self, other):
            return True

    found = travel([Liar(2.0), OrderedDict(a=1)])
    assert type(found[0]) is float
    assert found == [2.0, {"a": 1}]
    assert found[0] != 3.0


def test_tensor_subclasses_arrive_as_tensors():
    class Liar(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True

    found = travel(torch.ones(2).as_subclass(Liar))
    assert type(found) is torch.Tensor


def test_named_tuples_keep_their_names():
    found = travel(Point(1, 2))
    assert found == (1, 2)
    assert found.x == 1


def test_deep_values_are_too_big():
    value: list = []
    for _ in range(100):
        value = [value]
    with pytest.raises(ValueTooBig, match="deep"):
        travel(value)


def test_cyclic_values_are_too_big():
    value: list = []
    value.append(value)
    with pytest.raises(ValueTooBig, match="deep"):
        travel(value)


def test_large_values_are_too_big():
    with pytest.raises(ValueTooBig, match="MiB"):
        travel(torch.zeros(1 << 20), bytes=1 << 20)


def test_expanded_tensors_are_measured_by_their_elements():
    with pytest.raises(ValueTooBig, match="MiB"):
        travel(torch.zeros(1).expand(1 << 40))


def test_values_of_many_parts_are_too_big():
    with pytest.raises(ValueTooBig, match="parts"):
        travel(list(range(1000)), parts=100)


def test_object_arrays_are_not_plain():
    with pytest.raises(TypeError, match="not plain"):
        travel(np.array([object()], dtype=object))


MALFORMED = [
    [99],
    ["list", []],
    {"a": 1},
    [0, 5],
    [6],
    [6, 0, "float32", [2], None, "cpu", "", b"123", None],
    [6, 0, "float32", [-2], None, "cpu", "", b"", None],
    [6, 0, "float32", [2, 2], [1, -5], "cpu", "", b"\0" * 16, None],
    [6, 0, "object", [1], None, "cpu", "", b"\0" * 4, None],
    [6, 0, "float32", [1 << 20], None, "cpu", "", 4096, None],
    [7, 0, "O", [1], "C", b"\0" * 8],
    [7, 0, "<f8", [3], "C", b"\0" * 8],
    [12, "O", b"\0" * 8],
    [13, "load"],
    [16, "Name", ["_x"], [1]],
    [16, "Name", ["x", "x"], [1, 2]],
    [17, 3],
    [2, [[[0, []], 1]]],
]


@pytest.mark.parametrize("tree", MALFORMED, ids=repr)
def test_trees_that_no_honest_packer_writes_are_refused(tree):
    with pytest.raises((MalformedValue, ValueTooBig)):
        Unpacker(refuse).unpack(tree)
