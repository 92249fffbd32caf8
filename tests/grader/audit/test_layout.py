"""Files in their places, and what exercise.toml names: one broken exercise per rule, and what its author reads."""

import shutil
from pathlib import Path

import pytest

from grader.audit import check_files
from grader.audit.equivalent import NAME


def test_a_missing_file(tree):
    (tree.public / "README.pt-BR.md").unlink()
    assert tree.only_problem() == ("README.pt-BR.md", None, "this file is missing. Write it.")


def test_missing_hidden_tests(tree):
    (tree.private / "test_scaling_hidden.py").unlink()
    shutil.rmtree(tree.private / "wrong")
    texts = [text for _, _, text in tree.problems()]
    assert texts == ["this file is missing. Write it.", "0 solutions; there must be at least 4. Write 4 more."]


def test_a_missing_file_that_all_exercises_share(tree):
    (tree.public.parent / "pytest.ini").unlink()
    text = "all exercises share this file, and it is missing. Copy it from Gradiente."
    assert tree.only_problem() == ("pytest.ini", None, text)


def test_no_solutions_at_all(tree):
    shutil.rmtree(tree.private)
    path, _, text = tree.only_problem()
    assert (path, text.partition(".")[0]) == ("scaling", "the exercise has no folder in the solutions tree")


@pytest.mark.parametrize(
    ("place", "name", "advice"),
    [
        ("public", "helper.py", "Remove it, or put it into data/ if the tests read it."),
        ("public", "README.pt_BR.md", "Is it meant to be README.pt-BR.md?"),
        ("private", "equivalents.toml", "Is it meant to be equivalent.toml?"),
        ("private", "wrong/notes.txt", "Remove it, or put it into data/ if the tests read it."),
    ],
)
def test_an_unexpected_file(tree, place, name, advice):
    (getattr(tree, place) / name).write_text("")
    assert tree.only_problem() == (Path(name).name, None, f"this is not expected here. {advice}")


def test_a_misspelt_folder(tree):
    (tree.private / "wrongs").mkdir()
    assert tree.only_problem()[2] == "this is not expected here. Is it meant to be wrong?"


def test_caches_data_and_records_are_no_surprise(tree):
    for folder in (tree.public / "__pycache__", tree.public / "data", tree.private / "wrong" / "__pycache__"):
        folder.mkdir()
    (tree.private / NAME).write_text("")
    (tree.private / "calibration.toml").write_text("")
    assert tree.problems() == []


def test_too_few_right_solutions(tree):
    (tree.private / "right" / "loop.py").unlink()
    assert tree.only_problem() == ("right", None, "1 solutions; there must be at least 2. Write 1 more.")


def test_too_few_wrong_solutions(tree):
    (tree.private / "wrong" / "adds.py").unlink()
    assert tree.only_problem() == ("wrong", None, "3 solutions; there must be at least 4. Write 1 more.")


def test_a_slug_that_is_a_module(tree):
    for folder in (tree.public, tree.private):
        for path in folder.glob("*scaling*"):
            path.rename(path.with_name(path.name.replace("scaling", "random")))
        folder.rename(folder.with_name("random"))
    [problem] = check_files(tree.catalogue.find("random"), tree.catalogue)
    assert problem.text.startswith("random is a module of Python itself, and the student's file would hide it.")


def test_a_public_file_that_names_a_hidden_test(tree):
    tree.change(tree.public / "README.md", "Run `pytest`", "test_leaves_its_input_alone\nRun `pytest`")
    name, line, text = tree.only_problem()
    assert (name, line) == ("README.md", 21)
    assert text == "this names the hidden test test_leaves_its_input_alone. Students must not see its name here."


def test_a_public_file_that_leads_to_the_solutions(tree):
    tree.change(
        tree.public / "test_scaling.py", "import torch\n", "import torch\nfrom solutions.scaling import scaling\n"
    )
    assert tree.only_problem()[1:] == (
        4,
        "students get this file, and it leads to the solutions. Take that out.",
    )


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('prerequisites = ["softmax"]', "the prerequisite 'softmax' is no exercise. Mend or remove it."),
        ('prerequisites = ["scaling"]', "by its prerequisites the exercise needs itself. Break the circle."),
        ('forbid = ["torch.nothing"]', "forbid names 'torch.nothing', which cannot be imported. Mend or remove it."),
        ('forbid = ["nowhere.at"]', "forbid names 'nowhere.at', which cannot be imported. Mend or remove it."),
        ("limits = {seconds = 0}", "limits.seconds = 0 leaves nothing. Give a number above 0."),
    ],
)
def test_a_wrong_configuration(tree, line, text):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write(f"{line}\n")
    assert tree.only_problem() == ("exercise.toml", None, text)


def test_leave_for_a_function_that_is_not_there(tree):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('in_place = ["scale", "scale_"]\n')
    text = "in_place names 'scale_'; the reference has scale. Mend or remove it."
    assert tree.only_problem() == ("exercise.toml", None, text)


def test_a_module_that_is_no_word(tree):
    tree.change(tree.public / "exercise.toml", "starters", "First steps")
    assert tree.only_problem()[2] == "module = 'First steps' is not one lower-case word. Use one, such as “neurons”."


def test_forbidden_names_may_be_modules_and_methods(tree):
    with (tree.public / "exercise.toml").open("a") as file:
        file.write('forbid = ["torch.nn", "torch.Tensor.backward", "torch.nn.functional.softmax", "torchvision"]\n')
    assert tree.problems() == []


def test_modules_have_names_by_language_and_a_broken_file_is_told(tree):
    titles = tree.public.parent / "modules.toml"
    module = tree.exercise.config.module
    titles.write_text(f'[{module}]\nen = "Warm-up"\npt-BR = "Aquecimento"\n')
    assert tree.problems() == []
    assert tree.exercise.module_title == {"en": "Warm-up", "pt-BR": "Aquecimento"}
    titles.write_text("[unfinished\n")
    assert tree.only_problem()[0] == "modules.toml"
    assert tree.exercise.module_title["en"].lower() == module
