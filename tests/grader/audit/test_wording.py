"""What students read, and what wrong solutions name."""

import pytest

from grader.report import FORBIDDEN_TEST


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "Gives the numbers of the statement's example.\n",
            "\n",
            "it has no title. Begin its docstring with a sentence that students read.",
        ),
        (
            "    pt: Dá os números do exemplo do enunciado.\n",
            "",
            "its title has no translation. Add a paragraph “pt: ...” to its docstring.",
        ),
        (
            "    dica: Cada número é multiplicado, não aumentado.\n",
            "",
            "it has a hint in English alone. Add “dica: ...”.",
        ),
        (
            "    hint: Each number is multiplied, not increased.\n",
            "",
            "it has a hint in Portuguese alone. Add “hint: ...”.",
        ),
    ],
)
def test_a_test_without_its_texts(tree, old, new, text):
    tree.change(tree.public / "test_scaling.py", old, new)
    assert tree.only_problem() == ("test_scaling.py", 7, f"test_scales_the_example: {text}")


def test_a_misspelt_label(tree):
    tree.change(tree.public / "test_scaling.py", "pt: Escalar", "pt-br: Escalar")
    texts = [text.partition(": ")[2] for _, _, text in tree.problems()]
    assert texts[1] == "“pt-br:” is no label of a docstring. Use pt:, hint: or dica:."


def test_two_tests_of_one_name(tree):
    tree.change(tree.private / "test_scaling_hidden.py", "test_leaves_its_input_alone", "test_scales_the_example")
    tree.change(tree.private / "wrong" / "in_place.py", "test_leaves_its_input_alone", "test_scales_the_example")
    assert [text for _, _, text in tree.problems()] == [
        "test_scales_the_example: there are 2 tests called test_scales_the_example. Rename all but one.",
    ] * 2


def test_a_need_that_is_no_test(tree):
    path = tree.private / "test_scaling_hidden.py"
    tree.change(path, "@pytest.mark.points(2)", '@pytest.mark.needs("test_scales")')
    text = "it needs 'test_scales', which is no test of this exercise. Mend the marker."
    assert tree.only_problem()[2] == f"test_refuses_factors_that_are_not_positive: {text}"


def test_a_file_without_tests(tree):
    (tree.public / "test_scaling.py").write_text("import torch\n")
    for path in (tree.private / "wrong").iterdir():
        path.write_text("# caught by: test_leaves_its_input_alone\n")
    assert tree.only_problem()[2] == "there is no test in this file. Write one: def test_...(student)."


@pytest.mark.parametrize("first", ["", "# caught by:\n", "# Caught by: test_scales_the_example\n", '"""Text."""\n'])
def test_a_wrong_solution_that_names_no_test(tree, first):
    (tree.private / "wrong" / "adds.py").write_text(first)
    text = "the first line does not say who catches it. Write “# caught by: test_a, test_b”."
    assert tree.only_problem() == ("adds.py", 1, text)


def test_a_wrong_solution_that_names_another_test(tree):
    (tree.private / "wrong" / "adds.py").write_text("# caught by: test_scales_the_example, test_that_is_not_there\n")
    text = "test_that_is_not_there is no test of this exercise. Name one that catches this mistake."
    assert tree.only_problem() == ("adds.py", 1, text)


def test_a_wrong_solution_may_name_the_graders_own_test(tree):
    (tree.private / "wrong" / "adds.py").write_text(f"# caught by: {FORBIDDEN_TEST}\n")
    assert len(tree.problems()) == 1
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('forbid = ["torch.nn"]\n')
    assert tree.problems() == []


@pytest.mark.parametrize(
    ("name", "old", "new", "text"),
    [
        ("README.pt-BR.md", "## Dicas\n", "", "2 headings, but README.md has 3"),
        ("README.pt-BR.md", "$$\ny_i = c \\, x_i\n$$", "", "0 formulas ($$), but README.md has 1"),
        ("README.md", "## Hints\n", "## Hints\n```\n# no heading\n```\n", "0 code blocks, but README.md has 1"),
        ("README.md", "$$\n\n|", "\n|", "a $$ or ``` is not closed"),
    ],
)
def test_statements_that_differ(tree, name, old, new, text):
    tree.change(tree.public / name, old, new)
    assert text in [found.partition(". ")[0] for _, _, found in tree.problems()]


def test_a_statement_without_a_heading(tree):
    (tree.public / "README.md").write_text("Scale.\n")
    assert ("README.md", None, "there is no heading. Begin with “# Title”.") in tree.problems()
