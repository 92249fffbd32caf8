"""Which mistakes the mutator makes of a line, what it leaves alone, and how it describes a mutant."""

import ast
import textwrap

import pytest

from grader.mutation import mutate


def lines_of(source):
    """What each mutant of a one-line function turns its line into, without the mutants that leave it out."""
    mutants = mutate(f"def f(x, y, dim=None):\n    return {source}\n")
    return {mutant.becomes.removeprefix("return ") for mutant in mutants if mutant.operator != "dropped"}


def mutants_of(source):
    return mutate(textwrap.dedent(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x + y", {"x - y"}),
        ("x * y", {"x / y"}),
        ("x // y", {"x / y", "x * y"}),
        ("x ** y", {"x * y"}),
        ("x @ y", {"x * y"}),
        ("x < y", {"x <= y", "x >= y"}),
        ("x >= y", {"x > y", "x < y"}),
        ("x == y", {"x != y"}),
        ("x is y", {"x is not y"}),
        ("x not in y", {"x in y"}),
        ("x and y", {"x or y"}),
        ("not x", {"x"}),
        ("-x", {"x"}),
        ("x[7]", {"x[8]", "x[6]", "x[0]"}),
        ("x[-1]", {"x[1]", "x[0]", "x[-2]"}),
        ("x == 0.5", {"x != 0.5", "x == 1.0", "x == 0.0"}),
        ("x.std(dim=1)", {"x.std(dim=2)", "x.std(dim=0)"}),
        ("x.std(keepdim=True)", {"x.std(keepdim=False)"}),
        ("x.std(kind='own')", {"x.std(kind='ownx')"}),
        ("torch.where(x, y, y)", {"torch.where(y, x, y)"}),
        ("x.clone()", {"x"}),
        ("x[y:]", {"x[y + 1:]"}),
        ("x[:y]", {"x[:y - 1]"}),
        ("x.max()", {"x.min()"}),
        ("x.sum()", {"x.mean()"}),
        ("torch.zeros(x)", {"torch.ones(x)"}),
        ("x.clamp(min=y)", {"x.clamp(max=y)"}),
        ("max(x, y)", {"min(x, y)"}),
        ("x if y else dim", {"x if True else dim", "x if False else dim"}),
        ("[a for a in x if a]", {"[a for a in x if True]"}),
        ("torch.maximum(x, y)", {"torch.minimum(x, y)"}),
    ],
)
def test_makes_the_expected_mistakes(source, expected):
    assert lines_of(source) == expected


@pytest.mark.parametrize("source", ["f'{x + 1}'", "torch.allclose(x, y)", "f(*x, y)", "x", "'a' + x.name"])
def test_leaves_alone_what_makes_no_difference(source):
    assert lines_of(source) - {"'ax' + x.name"} == set()


def test_keeps_the_meaning_of_brackets():
    assert lines_of("(x + y) * dim") == {"(x - y) * dim", "(x + y) / dim"}
    assert lines_of("x * y - dim") == {"x * y + dim", "x / y - dim"}
    assert lines_of("dim ** (x @ y)") == {"dim * (x @ y)", "dim ** (x * y)"}
    assert "(x * y) ** dim" in lines_of("(x @ y) ** dim")
    assert "x ** (y * dim)" in lines_of("x ** y ** dim")
    assert "(x or y) or dim" in lines_of("x and y or dim")


def test_changes_no_other_character_of_the_source():
    source = 'NAME = "ação"  # não mude\n\n\ndef f(x,  y):\n    return (x  +\n            y)   # soma\n'
    added = next(mutant for mutant in mutate(source) if mutant.operator == "arithmetic")
    assert added.source == source.replace("x  +", "x  -")


def test_leaves_out_statements_inside_functions():
    mutants = mutants_of(
        """
        import torch
        LIMIT = some()
        def f(x):
            "Text."
            x.step()
            y = x
            y += x
            if y: raise ValueError
            return y
        """
    )
    dropped = {(mutant.line, mutant.becomes) for mutant in mutants if mutant.operator == "dropped"}
    assert dropped == {
        ("x.step()", "pass"),
        ("y = x", "pass"),
        ("y += x", "pass"),
        ("if y: raise ValueError", "if y: pass"),
        ("return y", "return None"),
    }


def test_changes_augmented_assignments_jumps_and_loops():
    mutants = mutants_of(
        """
        def f(x):
            for y in x:
                if y:
                    break
                x += y
        """
    )
    changed = {mutant.becomes for mutant in mutants}
    assert {"x -= y", "x = y", "continue", "for y in ():", "if True:", "if False:"} <= changed


def test_a_loop_is_never_made_endless():
    assert {mutant.becomes for mutant in mutants_of("def f(x):\n    while x:\n        x = g()\n")} == {
        "while False:",
        "pass",
    }


def test_leaves_annotations_docstrings_imports_and_messages_alone():
    mutants = mutants_of(
        '''
        """Text 1."""
        from __future__ import annotations
        import torch
        __all__ = ["f"]
        if TYPE_CHECKING:
            X = 3
        class A:
            """Text 2."""
            def __repr__(self):
                return "A" * 3
        @decorated(3)
        def f(x: Literal[3]) -> Literal[4]:
            """Text 3."""
            y: Literal[5]
            shape = x[3]
            if x is None:
                print("no", 3)
                found = x[4]
                raise ValueError("no " + 3 * str(shape) + str(found))
        '''
    )
    assert not [
        mutant.becomes for mutant in mutants if mutant.operator in ("constant", "text", "arithmetic", "arguments")
    ]


def test_defaults_of_parameters_count():
    changed = {mutant.becomes for mutant in mutate("def f(x, dim=-1, *, n=2.0):\n    return None\n")}
    assert changed == {f"def f(x, {new}):" for new in ("dim=1, *, n=2.0", "dim=0, *, n=2.0", "dim=-2, *, n=2.0")} | {
        "def f(x, dim=-1, *, n=4.0):",
        "def f(x, dim=-1, *, n=0.0):",
    }


def test_makes_each_mutant_once_and_only_what_compiles():
    sources = [mutant.source for mutant in mutate("def f(x):\n    return x[1] + max(x, x)\n")]
    assert len({ast.dump(ast.parse(source)) for source in sources}) == len(sources)
    for source in sources:
        compile(source, "mutant", "exec")


def test_a_description_outlives_changes_elsewhere():
    source = "def f(x):\n    return x + 1\n"
    longer = "import torch\n\n\ndef g():\n    return 3\n\n\n" + source
    keys = {mutant.key: mutant.id for mutant in mutate(longer)}
    for mutant in mutate(source):
        assert keys[mutant.key] == mutant.id


def test_equal_changes_of_equal_lines_are_told_apart():
    mutants = [mutant for mutant in mutate("def f(x):\n    x += 1\n    x += 1\n") if mutant.becomes == "x -= 1"]
    assert [mutant.nth for mutant in mutants] == [1, 2]
    assert len({mutant.id for mutant in mutants}) == 2


def test_shows_the_change_as_a_diff():
    source = "def f(x):\n    return -x\n"
    mutant = next(mutant for mutant in mutate(source) if mutant.operator == "sign")
    assert mutant.diff(source, "f.py").splitlines()[2:] == [
        "@@ -1,2 +1,2 @@",
        " def f(x):",
        "-    return -x",
        "+    return x",
    ]
    assert mutant.description == f"{mutant.id} sign in f: return -x → return x"
