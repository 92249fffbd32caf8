"""Takes the place of nbgrader's ``Execute`` and ``SaveAutoGrades``: students' code never runs in this process."""

from __future__ import annotations

import json
from typing import Any

import nbformat
from nbgrader import utils
from nbgrader.converters.base import NbGraderException
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Enum

from grader.errors import GraderError
from grader.nbgrader.autograde.book import Book
from grader.nbgrader.autograde.paper import Paper, Result
from grader.nbgrader.autograde.rest import MARK, Ran, run_rest
from grader.nbgrader.autograde.rows import Rows
from grader.nbgrader.autograde.run import run_of
from grader.nbgrader.autograde.shown import describe, describe_kernel
from grader.report import Owner, Report


class ExternalGrade(NbGraderPreprocessor):
    """Grades a notebook in the sandbox and writes scores into the gradebook and verdicts below the cells of tests.

    Points come from the gradebook's cells, so an instructor may change them in the notebook. Cells that no test could
    be made of are left for a person to grade, or run in a sandboxed kernel; the log says why.
    """

    rest = Enum(
        ("person", "kernel"),
        "person",
        help="Who grades the cells of tests that Gradiente cannot take: a person, or nbgrader's own rule in a "
        "sandboxed kernel, where an answer can forge its points.",
    ).tag(config=True)
    review = Bool(True, help="Whether points from the kernel are marked for a person's look.").tag(config=True)

    _paper: Paper
    #: None: the grader took no cell
    _report: Report | None
    _ran: Ran

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Grade one notebook. Raises NbGraderException where it could not be graded; nothing is recorded then."""
        marks = resources["nbgrader"]
        try:
            self._paper, self._report = self._grade(nb, marks)
            if self._report and self._report.owner in (Owner.EXERCISE, Owner.INFRASTRUCTURE):
                raise NbGraderException(self._report.message.get("en", ""))
            rest = [cell.metadata["nbgrader"]["grade_id"] for cell in nb.cells if self._is_rest(cell)]
            has_kernel = rest and self.rest == "kernel"
            self._ran = run_rest(self, nb, resources, rest, self._deadly()) if has_kernel else Ran()
        except GraderError as error:
            raise NbGraderException(str(error)) from error
        if self._report:
            report = self._report
            self.log.info(
                "%s, %s: %g of %g points", marks["student"], marks["notebook"], report.score, report.max_score
            )
        self._record(nb, marks)
        return nb, resources

    def _grade(self, nb: Any, marks: dict[str, str]) -> tuple[Paper, Report | None]:
        run = run_of(self.parent.parent, marks)
        paper = run.paper
        if paper.exercise is None and self.rest == "kernel":
            return paper, None
        return paper, run.ahead.ask(marks["student"], json.dumps(nb).encode()).result()

    def _result(self, grade_id: str) -> Result | None:
        if self._report is None:
            return None
        if self._report.owner is Owner.STUDENT and grade_id in self._paper.tests:
            return Result(0.0, [])  # it could not even be read: its message says why
        return self._paper.results(grade_id, self._report)

    def _is_rest(self, cell: Any) -> bool:
        """Whether it is a cell of tests that the grader does not take."""
        is_test = utils.is_grade(cell) and not utils.is_solution(cell) and cell.cell_type == "code"
        return is_test and self._result(cell.metadata["nbgrader"]["grade_id"]) is None

    def _deadly(self) -> set[str]:
        """The cells of tests in which the answer ended its process, or never ended: it would do so in a kernel."""
        found = {grade_id: self._result(grade_id) for grade_id in self._paper.tests}
        return {grade_id for grade_id, result in found.items() if result and result.is_deadly}

    def _record(self, nb: Any, marks: dict[str, str]) -> None:
        """Write all of a notebook's grades, or none."""
        with Book(marks["db_url"]) as book:
            rows = Rows(book, run_of(self.parent.parent, marks).cells, marks)
            for cell in nb.cells:
                if utils.is_grade(cell):
                    self._grade_cell(cell, rows)
                if utils.is_solution(cell) or utils.is_task(cell):
                    rows.comment(cell.metadata["nbgrader"]["grade_id"]).auto_comment = _remark(cell)
            book.db.commit()

    def _grade_cell(self, cell: Any, rows: Rows) -> None:
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        result, grade, max_score = self._result(grade_id), rows.grade(grade_id), rows.points(grade_id)
        wants_look = False
        if result is not None and self._report is not None:
            grade.auto_score = None if result.share is None else round(result.share * max_score, 6)
            cell.outputs = [nbformat.from_dict(describe(result, self._report, self._paper.language))]
        elif utils.is_solution(cell) or utils.is_task(cell):
            grade.auto_score, _ = utils.determine_grade(cell, self.log)
        elif not max_score:
            grade.auto_score = 0.0
        else:
            grade.auto_score = self._add_rest(cell, max_score)
            wants_look = self.review
        grade.needs_manual_grade = wants_look or grade.auto_score is None or grade.manual_score is not None

    def _add_rest(self, cell: Any, max_score: float) -> float | None:
        """The points of a cell that the grader does not take, as far as the kernel tells them."""
        grade_id = cell.metadata["nbgrader"]["grade_id"]
        why = self._paper.why.get(grade_id, {}).get("en", "it is not in the source notebook")
        points = None
        if grade_id in self._ran.cells:
            points = self._ran.points(grade_id, max_score)
            note = nbformat.from_dict(describe_kernel(self.review, self._paper.language))
            cell.outputs = [*self._ran.cells[grade_id].outputs, note]
            cell.metadata[MARK] = True
        if points is None:
            self.log.warning("Cell %s is left for a person to grade: %s", grade_id, self._ran.why or why)
        else:
            self.log.warning(
                "Cell %s got %g of %g points in a kernel that the answer shares, and can have forged them: %s",
                *(grade_id, points, max_score, why),
            )
        return points


def _remark(cell: Any) -> str | None:
    """What nbgrader says of an answer that is still as it was handed out."""
    is_untouched = cell.metadata["nbgrader"].get("checksum") == utils.compute_checksum(cell)
    return "No response." if is_untouched and not utils.is_task(cell) else None
