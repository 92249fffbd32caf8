"""A new exercise is complete, and a slug that cannot be used is refused with advice."""

import shutil

import pytest

from grader.audit import check_files
from grader.errors import ExerciseError
from grader.exercise import Catalogue
from grader.skeleton import write_skeleton
from tests.conftest import ROOT


@pytest.fixture
def catalogue(tmp_path):
    for name in ("exercises", "solutions"):
        (tmp_path / name).mkdir()
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / "exercises" / name, tmp_path / "exercises")
    return Catalogue(tmp_path / "exercises", tmp_path / "solutions")


def test_writes_both_folders(catalogue):
    written = write_skeleton(catalogue, "scaling")
    assert all(path.is_file() for path in written)
    exercise = catalogue.find("scaling")
    assert exercise.title == {"en": "Scale a tensor", "pt-BR": "Escale um tensor"}
    assert (len(exercise.right()), len(exercise.wrong())) == (2, 4)


def test_a_new_exercise_has_nothing_to_mend(catalogue):
    write_skeleton(catalogue, "scaling")
    assert check_files(catalogue.find("scaling"), catalogue) == []


def test_the_slug_takes_its_place_everywhere(catalogue):
    for path in write_skeleton(catalogue, "scaling"):
        assert "SLUG" not in path.name + path.read_text(encoding="utf-8")


def test_solutions_go_beside_the_exercises_when_there_are_none_yet(tmp_path, catalogue):
    write_skeleton(Catalogue(catalogue.exercises, None), "scaling")
    assert (tmp_path / "solutions" / "scaling" / "scaling.py").is_file()


@pytest.mark.parametrize("slug", ["Scaling", "two words", "a-b", "1st", "class", "maçã", "", "../up"])
def test_refuses_what_is_no_name_of_a_module(catalogue, slug):
    with pytest.raises(ExerciseError, match="lower-case letters"):
        write_skeleton(catalogue, slug)


@pytest.mark.parametrize("slug", ["random", "torch", "pytest", "_struct"])
def test_refuses_names_of_modules(catalogue, slug):
    with pytest.raises(ExerciseError, match=f"module called {slug} is installed .* Choose another name"):
        write_skeleton(catalogue, slug)


def test_writes_over_nothing(catalogue):
    write_skeleton(catalogue, "scaling")
    with pytest.raises(ExerciseError, match="is there already"):
        write_skeleton(catalogue, "scaling")
