"""Stub and reference define the same names with the same parameters."""

import pytest


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "factor: float",
            "c: float",
            "scale(x, c) but the reference has scale(x, factor). Make them equal.",
        ),
        (
            "factor: float",
            "factor: float = 1.0",
            "scale(x, factor=1.0) but the reference has scale(x, factor). Make them equal.",
        ),
        (
            "x: Tensor, factor",
            "x: Tensor, *, factor",
            "scale(x, *, factor) but the reference has scale(x, factor). Make them equal.",
        ),
        (
            "raise NotImplementedError",
            "return x",
            "scale does something. End it with “raise NotImplementedError”, or write it as in the reference.",
        ),
        (
            "\n\ndef scale",
            "\n\nLIMIT = 3\n\n\ndef scale",
            "the reference does not define LIMIT. Define it there, or remove it.",
        ),
    ],
)
def test_a_stub_that_differs_from_the_reference(tree, old, new, text):
    tree.change(tree.public / "scaling.py", old, new)
    name, line, found = tree.only_problem()
    assert (name, found) == ("scaling.py", text)
    assert line in (8, 10, 15)


def test_a_reference_with_a_name_of_its_own(tree):
    with (tree.private / "scaling.py").open("a") as file:
        file.write("\n\nclass Extra:\n    pass\n\n\ndef _private():\n    pass\n")
    text = "the stub does not define Extra. Define it there, or let its name begin with “_”."
    assert tree.only_problem() == ("scaling.py", 15, text)


STUB = '''
class Base:
    def step(self, n: int = 1):
        """Step."""
        raise NotImplementedError

class Net(Base):
    size: int = 8

    def __init__(self, a):
        super().__init__()
        raise NotImplementedError

    @property
    def rate(self):
        return 0.5
'''


def test_methods_are_compared_too(tree):
    for path in (tree.public / "scaling.py", tree.private / "scaling.py"):
        with path.open("a") as file:
            file.write(STUB)
    assert tree.problems() == []
    tree.change(tree.private / "scaling.py", "n: int = 1", "n: int = 2")
    tree.change(tree.private / "scaling.py", "size: int = 8", "size: int = 9")
    tree.change(tree.private / "scaling.py", "@property\n    def rate", "def rate")
    texts = [text for _, _, text in tree.problems()]
    assert texts == [
        "Base.step(self, n=1) but the reference has Base.step(self, n=2). Make them equal.",
        "Net.step(self, n=1) but the reference has Net.step(self, n=2). Make them equal.",
        "Net.size = 8 but the reference has Net.size = 9. Make them equal.",
        "@property Net.rate(self) but the reference has Net.rate(self). Make them equal.",
    ]


def test_a_file_that_python_cannot_read(tree):
    (tree.private / "wrong" / "adds.py").write_text("# caught by: test_scales_the_example\ndef f(:\n")
    assert tree.only_problem() == ("adds.py", 2, "Python cannot read this line (invalid syntax). Mend it.")
