"""Which solutions are found to be alike: the same ones in disguise, and not those that merely solve the same task."""

import ast
import random
import re
from itertools import combinations

import pytest

from server.analysis.fingerprint import Stub, read_stub, take, winnow
from server.analysis.pairs import Pair, clusters, find_pairs
from server.analysis.tiles import find_shared
from server.analysis.tokens import read_statements
from tests.conftest import ROOT

SLUGS = ("backprop", "cnn", "cross_entropy", "early_stopping", "sigmoid")


def source(path):
    return (ROOT / path).read_text(encoding="utf-8")


def reference(slug):
    """As the disguises below are written, too: brackets that are not needed are gone."""
    return ast.unparse(ast.parse(source(f"solutions/{slug}/{slug}.py")))


def stub_of(slug):
    return read_stub(read_statements(source(f"exercises/{slug}/{slug}.py")))


def likeness(left, right, stub=Stub()):  # noqa: B008 (it is frozen)
    """The score of two sources; 0 where it is so low that it is not kept."""
    pairs = find_pairs([take(read_statements(each), stub) for each in (left, right)], 2)
    return pairs[0].score if pairs else 0.0


class _Renamed(ast.NodeTransformer):
    """Gives every variable and every function of the file another name."""

    def __init__(self, tree):
        bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        bound |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        self.names = {name: f"renamed_{number}" for number, name in enumerate(sorted(bound))}

    def visit_Name(self, node):
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_arg(self, node):
        node.arg = self.names[node.arg]
        return self.generic_visit(node)

    def visit_FunctionDef(self, node):
        node.name = self.names[node.name]
        return self.generic_visit(node)

    visit_ClassDef = visit_FunctionDef


def renamed(text):
    tree = ast.parse(text)
    return ast.unparse(_Renamed(tree).visit(tree))


def reordered(text):
    """Functions and statements in another order, whether that still works or not: the worst case."""
    tree, dice = ast.parse(text), random.Random(1)
    for node in [tree, *(each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.ClassDef))]:
        dice.shuffle(node.body)
    return ast.unparse(tree)


def padded(text):
    """With a print and a comment after every other statement of a function."""
    lines = []
    for number, line in enumerate(ast.unparse(ast.parse(text)).split("\n")):
        lines.append(line)
        if number % 2 and line.startswith("    ") and not line.endswith(":"):
            indent = " " * (len(line) - len(line.lstrip()))
            lines += [f"{indent}# step {number}", f'{indent}print("debug", {number})']
    return "\n".join(lines)


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize(("disguise", "least"), [(renamed, 0.9), (padded, 0.95), (reordered, 0.75)])
def test_a_disguised_copy_is_found(slug, disguise, least):
    text = reference(slug)

    assert likeness(text, disguise(text), stub_of(slug)) >= least


@pytest.mark.parametrize("slug", SLUGS)
def test_all_disguises_together_are_still_seen(slug):
    text = reference(slug)

    assert likeness(text, padded(renamed(reordered(text))), stub_of(slug)) >= 0.7


@pytest.mark.parametrize("slug", SLUGS)
def test_independent_correct_solutions_are_not_much_alike(slug):
    paths = [f"solutions/{slug}/{slug}.py", *sorted((ROOT / "solutions" / slug / "right").glob("*.py"))]
    stub = stub_of(slug)
    scores = [likeness(source(left), source(right), stub) for left, right in combinations(paths, 2)]

    assert max(scores) < 0.5
    assert sum(scores) / len(scores) < 0.3


@pytest.mark.parametrize("slug", SLUGS)
def test_the_stub_itself_is_nothing_to_compare(slug):
    stub = source(f"exercises/{slug}/{slug}.py")

    assert take(read_statements(stub), stub_of(slug)).is_short
    assert likeness(stub, stub, stub_of(slug)) == 0


def test_what_cannot_be_renamed_tells_solutions_apart():
    (left,), (right,) = read_statements("y = x.exp().sum()"), read_statements("y = x.log().max()")

    assert left.tokens != right.tokens


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("total = first + 1", "s=a+2  # sum"),
        ("f(a,\n  b)", "g( c, d )"),
        ("x = 'one'", 'y = """two\nlines"""'),
        ("x = 1; y = 2", "x = 1\ny = 2"),
        ('def f(a):\n    """Says."""\n    return a', "def g(b):\n    return b"),
        ("x = 1\nprint(x)\nimport os\npass", "x = 1"),
        ("self.count = 1\nself.count += 2", "self.seen = 1\nself.seen += 2"),
        ("a = b + \\\n  c", "a = b + c"),
        ("a = 1\r\nb = 2\r\n", "a = 1\nb = 2"),
    ],
)
def test_what_does_not_count(left, right):
    assert [each.tokens for each in read_statements(left)] == [each.tokens for each in read_statements(right)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("def f(:\n  x = = 1", [1]),
        ("x = 'no end\ny = 2", [1, 2]),
        ('x = """no end\ny', [1]),
        ("x = (1,\ny = 2\ndef g():\n  return 1", [1, 3, 4]),
        ("\0\ud800", [1]),
        ("\\", [1]),
    ],
)
def test_broken_source_is_read_as_far_as_it_goes(text, lines):
    found = read_statements(text)

    assert [each.first for each in found] == lines
    assert take(found, Stub()).tokens == sum(len(each.tokens) for each in found)


def test_a_bracket_without_end_does_not_swallow_what_follows():
    found = read_statements("x = (1,\n\ndef g(a):\n    return a\n")

    assert [each.first for each in found] == [1, 3, 4]


@pytest.mark.parametrize("piece", ["(", '"""', "'", "\\\n", "x", ".", 'f"', "1e", '"""\\"', "def ", "\n ", "é"])
def test_hostile_source_takes_no_more_time_than_its_length(piece):
    # A test that hangs is ended by the suite's own limit.
    found = read_statements(piece * (200_000 // len(piece)))
    assert take(found, Stub()).tokens == sum(len(each.tokens) for each in found)


def test_winnowing_keeps_the_smallest_of_every_window():
    # The example of the paper, with windows of 4: 17, 17, 17, 8, 39, 17 ... the numbers that it selects.
    hashes = [77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98]

    assert winnow(hashes) == {17, 8, 39}
    assert winnow([3, 2]) == {2}
    assert winnow([]) == set()


def _made_up(seed, tokens=400):
    """A solution of its own, of calls that nobody else makes."""
    dice = random.Random(seed)
    lines = []
    while len(lines) * 16 < tokens:
        first, second, third = (f"call{dice.randrange(10**6)}" for _ in range(3))
        lines.append(f"x = y.{first}(x.{second}(), y.{third}())")
    return "\n".join(lines)


def test_what_everybody_writes_is_no_sign():
    usual = _made_up("book", 600)
    solutions = [take(read_statements(usual + "\n" + _made_up(number, 300)), Stub()) for number in range(40)]

    assert [each for each in find_pairs(solutions, 40) if each.score > 0.5] == []


def test_a_solution_that_many_copy_does_not_become_usual():
    copies = [take(read_statements(re.sub(r"\bx\b", f"v{number}", _made_up("leaked"))), Stub()) for number in range(30)]
    others = [take(read_statements(_made_up(number)), Stub()) for number in range(30)]
    found = find_pairs([*copies, *others], 60)

    assert {each.right for each in found if each.is_equal} == set(range(1, 30))
    assert clusters(found) == [list(range(30))]


def test_solutions_of_earlier_terms_are_compared_with_ours_alone():
    copy = take(read_statements(_made_up("one")), Stub())
    found = find_pairs([copy, take(read_statements(_made_up("two")), Stub()), copy, copy], 2)

    assert [(each.left, each.right) for each in found] == [(0, 2), (0, 3)]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(0, 1)], []),
        ([(0, 1), (1, 2)], [[0, 1, 2]]),
        ([(5, 6), (6, 7), (1, 2), (2, 3), (3, 4)], [[1, 2, 3, 4], [5, 6, 7]]),
    ],
)
def test_clusters_hang_together(pairs, expected):
    assert clusters(Pair(left, right, 0.9) for left, right in pairs) == expected


def test_shared_parts_are_named_by_their_lines():
    left = "def f(x):\n    a = x.exp().sum()\n    return a / (1 + a.log())\n\ndef g(x):\n    return x - 1\n"
    right = "# another order\n\ndef k(z):\n    q = z.exp().sum()\n    # here\n    return q / (1 + q.log())\n"
    found = find_shared(read_statements(left), read_statements(right), Stub())

    assert [(each.left, each.right) for each in found.parts] == [((1, 2, 3), (3, 4, 6))]
    assert found.right == 1.0
    assert 0.5 < found.left < 0.9


def test_no_part_is_shared_twice():
    line = "y = x.exp() + x.log() * x.sum()\n"
    found = find_shared(read_statements(line), read_statements(line * 5), Stub())

    assert len(found.parts) == 1
    assert (found.left, found.right) == (1.0, pytest.approx(0.2))
