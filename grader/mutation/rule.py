"""The kinds of mistakes inside an expression. Each rule is given a site and yields its edits."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from grader.mutation.edit import Edit
from grader.mutation.site import Site
from grader.mutation.text import Patch, SourceText

Rule = Callable[[Site, SourceText], Iterator[Edit]]

_ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div, ast.Mult),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitOr,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.MatMult: "@", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_PAIRS = (
    ("max", "min"), ("sum", "mean"), ("zeros", "ones"), ("amax", "amin"), ("argmax", "argmin"), ("any", "all"),
    ("zeros_like", "ones_like"), ("maximum", "minimum"), ("floor", "ceil"), ("log1p", "log"), ("expm1", "exp"),
)  # fmt: skip
_TWINS = dict(_PAIRS) | {second: first for first, second in _PAIRS}
#: Twins that are plain functions of Python, too.
_BUILT_IN = ("max", "min", "any", "all")
_COPIES = ("clone", "detach", "copy")
#: Calls whose first two arguments may change places without a difference.
_COMMUTATIVE = (
    "maximum", "minimum", "max", "min", "add", "mul", "multiply", "dot", "allclose", "isclose", "equal", "array_equal",
    "array_equiv", "logaddexp", "hypot", "gcd", "lcm", "logical_and", "logical_or", "logical_xor", "eq", "ne",
    "mse_loss", "l1_loss", "cosine_similarity", "union", "intersection", "symmetric_difference",
)  # fmt: skip
_AXES = ("dim", "axis", "dims", "axes")


def change_arithmetic(site: Site, text: SourceText) -> Iterator[Edit]:
    """``a + b`` becomes ``a - b``, and so on; joined texts stay."""
    node = site.node
    if isinstance(node, ast.BinOp) and not any(_is_text(side) for side in (node.left, node.right)):
        for kind in _ARITHMETIC[type(node.op)]:
            patch = text.within(node.left, node.right, _SIGNS[type(node.op)], _SIGNS[kind])
            yield Edit("arithmetic", node, ast.BinOp(node.left, kind(), node.right), patch)


def change_augmented(site: Site, text: SourceText) -> Iterator[Edit]:
    """``x += y`` becomes ``x -= y`` and ``x = y``."""
    node = site.node
    if not isinstance(node, ast.AugAssign):
        return
    sign = _SIGNS[type(node.op)]
    for kind in _ARITHMETIC[type(node.op)]:
        patch = text.within(node.target, node.value, f"{sign}=", f"{_SIGNS[kind]}=")
        yield Edit("augmented", node, ast.AugAssign(node.target, kind(), node.value), patch)
    plain = text.within(node.target, node.value, f"{sign}=", "=")
    yield Edit("augmented", node, ast.Assign([node.target], node.value), plain)


def change_comparison(site: Site, text: SourceText) -> Iterator[Edit]:
    """Move the boundary and negate."""
    node = site.node
    if not isinstance(node, ast.Compare):
        return
    sides = [node.left, *node.comparators]
    for place, found in enumerate(node.ops):
        for kind in _COMPARISONS[type(found)]:
            ops = [*node.ops[:place], kind(), *node.ops[place + 1 :]]
            patch = text.within(sides[place], sides[place + 1], _SIGNS[type(found)], _SIGNS[kind])
            yield Edit("comparison", node, ast.Compare(node.left, ops, node.comparators), patch)


def change_logic(site: Site, text: SourceText) -> Iterator[Edit]:
    """``and`` becomes ``or``; ``not``, ``-`` and ``~`` vanish."""
    node = site.node
    if isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        signs = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        patch = text.within(node.values[0], node.values[1], *signs) if len(node.values) == 2 else None
        yield Edit("logic", node, ast.BoolOp(other, node.values), patch)
    if isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield Edit("sign", node, node.operand, text.over(node, text.of(node.operand)))


def change_constant(site: Site, text: SourceText) -> Iterator[Edit]:
    """Numbers move by one or vanish, floats double, truth flips, texts change."""
    node, operator = site.node, _kind_of_constant(site)
    if isinstance(site.parent, ast.UnaryOp) and isinstance(site.parent.op, ast.USub):
        return
    value = _value(node)
    others: list[object] = []
    if isinstance(value, bool):
        others = [not value]
    elif isinstance(value, str):
        others = [f"{value}x"]
    elif isinstance(value, int):
        others = [other for other in (value + 1, value - 1, 0) if other != value]
    elif isinstance(value, float):
        others = [2 * value, 0.0] if value else [1.0]
    for other in others:
        yield Edit(operator, node, _constant(other), _lengthened(node, text) if isinstance(value, str) else None)


def change_call(site: Site, text: SourceText) -> Iterator[Edit]:
    """Swap the first two arguments; take copies away."""
    node = site.node
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Attribute) and node.func.attr in _COPIES and not node.args and not node.keywords:
        yield Edit("copy", node, node.func.value, text.over(node, text.of(node.func.value)))
    name = ast.unparse(node.func).rpartition(".")[2]
    if len(node.args) < 2 or name in _COMMUTATIVE or any(isinstance(a, ast.Starred) for a in node.args[:2]):
        return
    first, second, *rest = node.args
    gap = text.between(text.end(first), text.start(second))
    swapped = Patch(text.start(first), text.end(second), text.of(second) + gap + text.of(first))
    yield Edit("arguments", node, ast.Call(node.func, [second, first, *rest], node.keywords), swapped)


def change_name(site: Site, text: SourceText) -> Iterator[Edit]:
    """Take a function for its twin: ``max`` for ``min``, ``sum`` for ``mean``; ``min=`` for ``max=``."""
    node = site.node
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in _TWINS:
        twin, end = _TWINS[node.attr], text.end(node)
        patch = Patch(end - len(node.attr), end, twin)
        yield Edit("twin", node, ast.Attribute(node.value, twin, node.ctx), patch)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BUILT_IN:
        twin_name = ast.Name(_TWINS[node.func.id], ast.Load())
        yield Edit("twin", node.func, twin_name, text.over(node.func, twin_name.id))
    if isinstance(node, ast.keyword) and node.arg in ("min", "max"):
        twin = _TWINS[node.arg]
        start = text.start(node)
        yield Edit("twin", node, ast.keyword(twin, node.value), Patch(start, start + len(node.arg), twin))


def change_slice(site: Site, text: SourceText) -> Iterator[Edit]:
    """Shift the bounds of a slice that are not plain numbers, which have a rule of their own."""
    node = site.node
    if not isinstance(node, ast.Slice):
        return
    for name, operator in (("lower", ast.Add()), ("upper", ast.Sub())):
        bound = getattr(node, name)
        if bound is not None and not isinstance(_value(bound), int):
            yield Edit("slice", bound, ast.BinOp(bound, operator, ast.Constant(1)))


def _lengthened(node: ast.AST, text: SourceText) -> Patch | None:
    """Put a letter before the closing quote, so that the quotes stay as they are."""
    written = text.of(node)
    return text.over(node, f"{written[:-1]}x{written[-1]}") if not written.endswith(('"""', "'''")) else None


def _kind_of_constant(site: Site) -> str:
    if isinstance(site.parent, ast.keyword) and site.parent.arg in _AXES:
        return "axis"
    return "text" if _is_text(site.node) else "constant"


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _value(node: ast.AST) -> object:
    """The value of a constant, with its sign; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return node.value if isinstance(node, ast.Constant) else None


def _constant(value: object) -> ast.expr:
    """Write a negative number as Python parses it."""
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)  # type: ignore[arg-type]


RULES: tuple[Rule, ...] = (
    change_arithmetic,
    change_augmented,
    change_comparison,
    change_logic,
    change_constant,
    change_call,
    change_name,
    change_slice,
)
