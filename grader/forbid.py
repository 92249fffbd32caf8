"""Reads a submission's source for names that the exercise forbids, before any of it runs.

What reading cannot see (names put together at run time, libraries handed around as arguments) ``blocks`` stops when
it is used. Standard library only: it runs in the candidate, beside the student's code.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from grader.alias import Reading

#: Forbidden names that only reading can catch: torch's own code and the grader's wire use them at every step, so they
#: must go on working while the student's code runs. ``torch.no_grad`` calls ``torch.set_grad_enabled``.
STATIC_ONLY = frozenset(
    "torch.enable_grad torch.no_grad torch.set_grad_enabled torch.is_grad_enabled torch.inference_mode "
    "torch.Tensor.requires_grad_ torch.Tensor.detach torch.Tensor.clone torch.Tensor.numel torch.Tensor.as_subclass "
    "torch.Tensor.copy_ torch.Tensor.reshape torch.Tensor.view torch.Tensor.untyped_storage "
    "torch.Tensor.storage_offset torch.Tensor.contiguous torch.Tensor.cpu torch.Tensor.to torch.Tensor.numpy "
    "torch.Tensor.tolist torch.Tensor.item "
    "torch.Tensor.__eq__ torch.Tensor.__torch_function__ torch.Tensor.__reduce_ex__ "
    "torch.equal torch.empty torch.zeros torch.frombuffer torch.from_numpy torch.manual_seed torch.Generator "
    "torch.Tensor torch.nn.Module torch.nn.Parameter torch.optim.Optimizer torch.autograd.Function".split()
)

#: Attributes of tensors that are also given as keyword arguments: ``torch.ones(3, requires_grad=True)``.
_KEYWORDS = frozenset({"requires_grad"})

_BY_NAME = ("getattr", "setattr", "delattr", "hasattr", "inspect.getattr_static", "object.__getattribute__")
_GETTERS = ("operator.attrgetter", "operator.methodcaller")
_LONGEST = 120


@dataclass(frozen=True, order=True)
class Use:
    """One use of a forbidden name: ``name`` as the exercise lists it, ``how`` as the student wrote it."""

    line: int
    name: str
    how: str


def find_forbidden(source: str, forbidden: Sequence[str], methods: Collection[str] = ()) -> list[Use]:
    """Return every line that uses a forbidden name, or anything below one.

    ``torch.Tensor.backward`` means that method, and ``torch.Tensor.requires_grad`` that attribute, of any object,
    because a tensor cannot be told by its name. A class of the student's may have a method of the same name:
    ``self.backward(...)`` and, where the class is in this source or its name in ``methods``, ``net.backward(...)`` are
    left to ``blocks``, which stops the tensor's own method when it is called.

    Raises SyntaxError, RecursionError or MemoryError for source that Python cannot read.
    """
    if not forbidden:
        return []
    tree = ast.parse(source)
    reading = Reading(tree)
    rules = _Rules(reading, forbidden, reading.methods | set(methods))
    lines = [line.encode() for line in source.split("\n")]
    uses: dict[tuple[int, str], Use] = {}
    for node, _ in reading.nodes:
        for name in rules.broken_by(node):
            line = getattr(node, "lineno", 1)
            uses.setdefault((line, name), Use(line, name, _how(node, lines)))
    for node in _handed_on(tree):
        uses.setdefault((node.lineno, "getattr"), Use(node.lineno, "getattr", _how(node, lines)))
    return sorted(uses.values())


def _handed_on(tree: ast.Module) -> list[ast.Name]:
    """Where ``getattr`` is not called but handed on, as to ``functools.reduce``: what it looks up cannot be read."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "getattr")
    return [node for node in names if id(node) not in called]


def own_methods(source: str) -> set[str]:
    """The methods that a source's classes define: ``find_forbidden`` is told those of the submission's other files."""
    return Reading(ast.parse(source)).methods


class _Rules:
    """What is forbidden, and how it may be spelled."""

    def __init__(self, reading: Reading, forbidden: Sequence[str], methods: Collection[str]) -> None:
        self._reading = reading
        self._methods = methods
        self._names = {spelling: name for name in reversed(forbidden) for spelling in _spellings(name)}
        self._names |= {name: name for name in forbidden}
        self._tensor = {name.rpartition(".")[2]: name for name in forbidden if name.startswith("torch.Tensor.")}
        # Of torch.nn.functional.pad only the whole is matched, not torch.nn in it once more.
        self._begun = {
            id(node.value) for node, _ in reading.nodes if isinstance(node, ast.Attribute) and reading.paths(node)
        }
        self._called = {id(node.func) for node, _ in reading.nodes if isinstance(node, ast.Call)}

    def broken_by(self, node: ast.AST) -> Iterator[str]:
        """The forbidden names that a node uses."""
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from self._matches(_imported(node))
        elif id(node) not in self._begun and (
            isinstance(node, ast.Attribute | ast.Call | ast.Subscript) or _is_read(node)
        ):
            yield from self._matches(self._reading.paths(node))
        if isinstance(node, ast.Attribute) and node.attr in self._tensor and self._is_tensors(node):
            yield self._tensor[node.attr]
        elif isinstance(node, ast.Call) and self._tensor:
            yield from self._named(node)

    def _matches(self, paths: list[str]) -> Iterator[str]:
        for path in paths:
            parts = _shortest(path).split(".")
            for end in range(len(parts), 0, -1):
                found = self._names.get(".".join(parts[:end]))
                if found:
                    yield found
                    break

    def _is_tensors(self, node: ast.Attribute) -> bool:
        """Whether an attribute of this name may be that of a tensor."""
        if isinstance(node.ctx, ast.Load) and self._is_told_apart(node.value):
            return False
        if node.attr not in self._methods or self._tensor[node.attr] in STATIC_ONLY:
            return True
        return not (_is_self(node.value) or id(node) in self._called)

    def _is_told_apart(self, base: ast.expr) -> bool:
        """Whether the attribute is known to belong to something that is no tensor: a module, the student's class."""
        values = self._reading.value(base)
        paths = self._reading.paths(base)
        # Tensor, Parameter, FloatTensor, TensorBase: their methods are a tensor's.
        if any(path.rpartition(".")[2][:1].isupper() for path in paths):
            return False
        return bool(paths) or any(kind == "own" for kind, _ in values)

    def _named(self, call: ast.Call) -> Iterator[str]:
        """Attributes of tensors given as text or as a keyword."""
        functions = {path.removeprefix("builtins.") for path in self._reading.paths(call.func)}
        if functions & set(_BY_NAME) and len(call.args) > 1 and not self._is_told_apart(call.args[0]):
            yield from self._known(self._reading.texts(call.args[1]))
        if functions & set(_GETTERS) and call.args:
            yield from self._known([text.rpartition(".")[2] for text in self._reading.texts(call.args[0])])
        if any(kind == "own" for kind, _ in self._reading.value(call.func)):
            return
        yield from self._known([name for name in _keywords(call) if name in _KEYWORDS])

    def _known(self, names: list[str]) -> Iterator[str]:
        return (self._tensor[name] for name in names if name in self._tensor)


def _spellings(name: str) -> list[str]:
    """Other names of the same function in torch, where run-time blocks do not reach because they are part of C code."""
    package, _, last = name.rpartition(".")
    if package == "torch":
        places = ["torch._VF", "torch._C._VariableFunctions", "torch._C._VariableFunctionsClass", "torch.ops.aten"]
    elif package == "torch.Tensor":
        places = ["torch._C.TensorBase", "torch._C._TensorBase", "torch._tensor.Tensor", "torch.ops.aten"]
    elif package == "torch.nn.functional":
        places = ["torch._C._nn", "torch.ops.aten"]
    elif package in ("torch.special", "torch.linalg", "torch.fft"):
        short = package.removeprefix("torch.")
        return [f"torch._C._{short}.{short}_{last}", f"torch.ops.aten.{short}_{last}"]
    else:
        places = []
    return [f"{place}.{last}" for place in places]


def _shortest(path: str) -> str:
    """``torch.nn.functional.torch.softmax`` is ``torch.softmax``: modules hold the package that they belong to."""
    parts = path.split(".")
    last = len(parts) - 1 - parts[::-1].index(parts[0])
    return ".".join(parts[last:])


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if node.level:
        return []
    return [f"{node.module}.{alias.name}".removesuffix(".*") for alias in node.names]


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _is_self(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "cls")


def _keywords(call: ast.Call) -> Iterator[str]:
    """The names of keyword arguments, also out of ``**{"name": value}``; a literal False turns nothing on."""
    for keyword in call.keywords:
        if keyword.arg is not None:
            pairs: list[tuple[object, ast.expr]] = [(keyword.arg, keyword.value)]
        elif isinstance(keyword.value, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in keyword.value.keys]
            pairs = list(zip(keys, keyword.value.values, strict=True))
        else:
            continue
        for name, value in pairs:
            if isinstance(name, str) and not (isinstance(value, ast.Constant) and value.value is False):
                yield name


def _how(node: ast.AST, lines: list[bytes]) -> str:
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    line = lines[first - 1] if first <= len(lines) else b""
    if first == last:
        line = line[getattr(node, "col_offset", 0) : getattr(node, "end_col_offset", None)]
    text = line.decode("utf-8", "replace").strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
