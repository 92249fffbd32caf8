"""Takes the place of nbgrader's ``Execute`` and ``SaveAutoGrades``: students' code never runs in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.api import Grade, MissingEntry
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import SaveAutoGrades

from grader.errors import GraderError
from grader.nbgrader.autograde.ahead import look_ahead
from grader.nbgrader.autograde.desk import open_desk
from grader.nbgrader.autograde.paper import Paper, Result, write_paper
from grader.nbgrader.autograde.shown import describe
from grader.report import Owner, Report


class ExternalGrade(SaveAutoGrades):
    """Grades a notebook in the sandbox and writes scores into the gradebook and verdicts below the cells of tests.

    Points come from the gradebook's cells, so an instructor may change them in the notebook. Cells that no test could
    be made of are left for a person to grade, and the log says why.
    """

    _paper: Paper
    _report: Report

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade one notebook. Raises NbGraderException where it could not be graded; nothing is recorded then."""
        marks = resources["nbgrader"]
        try:
            self._paper, self._report = self._grade(nb, marks)
        except GraderError as error:
            raise NbGraderException(str(error)) from error
        if self._report.owner in (Owner.EXERCISE, Owner.INFRASTRUCTURE):
            raise NbGraderException(self._report.message.get("en", ""))
        self.log.info(
            "%s, %s: %g of %g points", marks["student"], marks["notebook"], self._report.score, self._report.max_score
        )
        return super().preprocess(nb, resources)  # type: ignore[no-any-return]

    def _grade(self, nb: Any, marks: dict[str, str]) -> tuple[Paper, Report]:
        converter = self.parent.parent
        directory = converter.coursedir
        desk = open_desk()
        root = Path(directory.root)
        source = root / directory.format_path(directory.source_directory, ".", marks["assignment"])
        paper = write_paper(root, source.resolve(), marks["notebook"], desk.shared)
        ahead = look_ahead(converter, desk, paper, marks["assignment"], marks["notebook"])
        return paper, ahead.ask(marks["student"], str(nbformat.writes(nb)).encode()).result()

    def _result(self, grade_id: str) -> Result | None:
        if self._report.owner is Owner.STUDENT and grade_id in self._paper.tests:
            return Result(0.0, [])  # it could not even be read: its message says why
        return self._paper.results(grade_id, self._report)

    def _add_score(self, cell: Any, resources: Any) -> None:
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        result = self._result(grade_id)
        if result is None and (utils.is_solution(cell) or utils.is_task(cell)):
            super()._add_score(cell, resources)
            return
        grade = self._find_grade(grade_id)
        if result is None and not grade.max_score:
            grade.auto_score = 0.0
        elif result is None:
            why = self._paper.why.get(grade_id, {}).get("en", "it is not in the source notebook")
            self.log.warning("Cell %s is left for a person to grade: %s", grade_id, why)
            grade.auto_score = None
        else:
            grade.auto_score = None if result.share is None else round(result.share * grade.max_score, 6)
            cell.outputs = [nbformat.from_dict(describe(result, self._report, self._paper.language))]
        grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
        self.gradebook.db.commit()

    def _find_grade(self, grade_id: str) -> Any:
        """The row of a cell. One that was added after the submission came in has none yet."""
        names = (self.notebook_id, self.assignment_id)
        try:
            return self.gradebook.find_grade(grade_id, *names, self.student_id)
        except MissingEntry:
            notebook = self.gradebook.find_submission_notebook(*names, self.student_id)
            grade = Grade(cell=self.gradebook.find_grade_cell(grade_id, *names), notebook=notebook)
            self.gradebook.db.add(grade)
            self.gradebook.db.commit()
            return grade
