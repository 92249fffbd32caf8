"""The kinds of mistakes in statements: lines left out, conditions forced, loops left or not."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.mutation.edit import Edit
from grader.mutation.site import Site
from grader.mutation.text import SourceText

_DROPPED = (ast.Expr, ast.Assign, ast.AugAssign, ast.Delete, ast.Raise, ast.Assert)


def drop_statement(site: Site, text: SourceText) -> Iterator[Edit]:
    """Leave a statement out; a function then returns nothing."""
    node = site.node
    if not site.in_function or node is not site.statement:
        return
    if isinstance(node, _DROPPED) or (isinstance(node, ast.AnnAssign) and node.value is not None):
        yield Edit("dropped", node, ast.Pass(), text.over(node, "pass"))
    if isinstance(node, ast.Return) and node.value is not None:
        yield Edit("dropped", node, ast.Return(ast.Constant(None)), text.over(node, "return None"))


def force_condition(site: Site, text: SourceText) -> Iterator[Edit]:
    """Take a branch always or never; enter a loop never."""
    node = site.node
    if isinstance(node, ast.For):
        yield Edit("loop", node.iter, ast.Tuple([], ast.Load()), text.over(node.iter, "()"))
    tests: list[tuple[ast.expr, tuple[bool, ...]]] = []
    if isinstance(node, ast.If | ast.IfExp):
        tests = [(node.test, (True, False))]
    elif isinstance(node, ast.While):
        tests = [(node.test, (False,))]
    elif isinstance(node, ast.comprehension):
        tests = [(test, (True,)) for test in node.ifs]
    for test, values in tests:
        for value in values:
            yield Edit("condition", test, ast.Constant(value), text.over(test, str(value)))


def swap_jump(site: Site, text: SourceText) -> Iterator[Edit]:
    """Take ``break`` for ``continue`` and the reverse."""
    if isinstance(site.node, ast.Break):
        yield Edit("jump", site.node, ast.Continue(), text.over(site.node, "continue"))
    if isinstance(site.node, ast.Continue):
        yield Edit("jump", site.node, ast.Break(), text.over(site.node, "break"))


RULES = (drop_statement, force_condition, swap_jump)
