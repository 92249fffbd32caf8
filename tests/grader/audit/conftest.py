"""A small exercise made from the skeleton, to be broken, and made-up results of gradings."""

import shutil

import pytest

from grader.audit import audit, check_files
from grader.audit.trial import Outcome, Trial
from grader.errors import InfrastructureError
from grader.exercise import Catalogue
from grader.report import Report, TestResult, Verdict
from grader.skeleton import write_skeleton
from tests.conftest import ROOT


class Tree:
    """One exercise made from the skeleton, to be broken."""

    def __init__(self, root):
        for name in ("exercises", "solutions"):
            (root / name).mkdir()
        for name in ("conftest.py", "pytest.ini"):
            shutil.copy(ROOT / "exercises" / name, root / "exercises")
        self.catalogue = Catalogue(root / "exercises", root / "solutions")
        self.public, self.private = root / "exercises" / "scaling", root / "solutions" / "scaling"
        write_skeleton(self.catalogue, "scaling")

    @property
    def exercise(self):
        return self.catalogue.find("scaling")

    def change(self, path, old, new):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def problems(self):
        return [
            (problem.path.name, problem.line, problem.text) for problem in check_files(self.exercise, self.catalogue)
        ]

    def only_problem(self):
        [problem] = self.problems()
        return problem


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


def outcome(path, *results, fault="", seed="1"):
    report = Report("", "scaling", "", seed, "cpu", tests=results)
    return Outcome(Trial(path, seed), None if fault else report, fault)


def result(name, verdict="passed", **values):
    return TestResult(name, {}, values.pop("points", 1.0), Verdict(verdict), **values)


class Stumbling:
    """A grader that fails a number of times first."""

    def __init__(self, failures):
        self.failures = failures

    def grade(self, exercise, upload, **options):
        self.failures -= 1
        if self.failures >= 0:
            raise InfrastructureError("no process could be started")
        return Report(upload.filename, exercise.slug, "", "1", "cpu", (result("test_a"),))


def audited(tree, grader, **options):
    return audit(tree.exercise, tree.catalogue, grader, **{"seeds": 2, **options})
