"""An assignment of the gradebook as it stands, read in a few statements however many students there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from nbgrader.api import (
    Assignment,
    BaseCell,
    Comment,
    Grade,
    GradeCell,
    Notebook,
    SolutionCell,
    SourceCell,
    SubmittedAssignment,
    SubmittedNotebook,
    TaskCell,
)
from sqlalchemy import select
from sqlalchemy.orm import Session

#: the notebook of what the portal grades and nbgrader's own notebooks of the assignment do not have
OWN_NOTEBOOK = "portal"
#: of its cells, the one with what people gave and took on the portal
ADJUSTMENT = "given-on-the-portal"


class Kind(Enum):
    """Whose points a cell has."""

    TESTS = "tests"
    PERSON = "person"
    #: nobody's but ours: nbgrader has no notebook for it
    OWN = "own"
    ADJUSTMENT = "adjustment"


@dataclass(frozen=True)
class Cell:
    """A cell that is worth points."""

    id: str
    name: str
    notebook: str
    kind: Kind
    max_score: float
    #: whether it is in no notebook that nbgrader has made
    is_ours: bool

    @property
    def key(self) -> str:
        """What it is called within the assignment."""
        return f"{self.notebook}/{self.name}"


@dataclass(frozen=True)
class Mark:
    """What a student has in a cell."""

    id: str
    auto: float | None
    manual: float | None
    extra: float | None
    needs_manual: bool

    @property
    def hand(self) -> list[float | None] | None:
        """What a person gave: score and extra credit; None: nothing."""
        return [self.manual, self.extra or None] if self.manual is not None or self.extra else None


@dataclass(frozen=True)
class Remark:
    """What is said about a cell."""

    id: str
    auto: str | None
    manual: str | None


@dataclass
class Sheet:
    """What a student has in the assignment."""

    id: str = ""
    received_at: datetime | None = None
    extension: timedelta | None = None
    #: by the id of the notebook: the id of what was submitted, and what being late costs
    notebooks: dict[str, tuple[str, float]] = field(default_factory=dict)
    #: by the id of the cell
    marks: dict[str, Mark] = field(default_factory=dict)
    remarks: dict[str, Remark] = field(default_factory=dict)


@dataclass(frozen=True)
class Book:
    """An assignment of the gradebook."""

    id: str
    #: by id, in the order of their names
    notebooks: dict[str, str]
    #: those that nbgrader has made
    made: frozenset[str]
    #: by id: cells that are worth points, and the names of those that people comment on
    cells: dict[str, Cell]
    commented: dict[str, tuple[str, str]]
    #: by student
    sheets: dict[str, Sheet]

    @property
    def ids(self) -> dict[str, str]:
        """The ids of notebooks, by name."""
        return {name: id for id, name in self.notebooks.items()}


def find(session: Session, name: str) -> Assignment | None:
    """The assignment of this name; None: there is none."""
    found: Assignment | None = session.scalar(select(Assignment).where(Assignment.name == name))
    return found


def read(session: Session, assignment: str) -> Book:
    """Read an assignment by its id."""
    mine = select(Notebook.id, Notebook.name).where(Notebook.assignment_id == assignment).order_by(Notebook.name)
    notebooks: dict[str, str] = dict(session.execute(mine).all())
    made = frozenset(session.scalars(select(SourceCell.notebook_id).where(SourceCell.notebook_id.in_(notebooks))))
    cells = {cell.id: cell for cell in _cells(session, notebooks, made)}
    commented = {
        id: (notebooks[notebook], name)
        for id, notebook, name in session.execute(
            select(BaseCell.id, BaseCell.notebook_id, BaseCell.name)
            .where(BaseCell.notebook_id.in_(notebooks), BaseCell.type.in_(["SolutionCell", "TaskCell"]))
            .order_by(BaseCell.name)
        )
    }
    return Book(assignment, notebooks, made, cells, commented, _sheets(session, assignment))


def _cells(session: Session, notebooks: dict[str, str], made: frozenset[str]) -> Iterable[Cell]:
    answers = {
        tuple(row)
        for row in session.execute(
            select(SolutionCell.notebook_id, SolutionCell.name).where(SolutionCell.notebook_id.in_(notebooks))
        )
    }
    for type_ in (GradeCell, TaskCell):
        columns = (type_.id, type_.name, type_.notebook_id, type_.max_score)
        for id, name, notebook, points in session.execute(
            select(*columns).where(type_.notebook_id.in_(notebooks)).order_by(type_.name)
        ):
            kind = Kind.PERSON if type_ is TaskCell or (notebook, name) in answers else Kind.TESTS
            if notebook not in made and name == ADJUSTMENT:
                kind = Kind.ADJUSTMENT
            elif notebook not in made and notebooks[notebook] == OWN_NOTEBOOK:
                kind = Kind.OWN
            yield Cell(id, name, notebooks[notebook], kind, points, notebook not in made)


def _sheets(session: Session, assignment: str) -> dict[str, Sheet]:
    submitted = (
        select(
            SubmittedAssignment.id,
            SubmittedAssignment.student_id,
            SubmittedAssignment.timestamp,
            SubmittedAssignment.extension,
        )
        .where(SubmittedAssignment.assignment_id == assignment)
        .order_by(SubmittedAssignment.student_id)
    )
    sheets = {id: (student, Sheet(id, at, more)) for id, student, at, more in session.execute(submitted)}
    by_notebook = {}
    notebooks = (
        select(
            SubmittedNotebook.id,
            SubmittedNotebook.assignment_id,
            SubmittedNotebook.notebook_id,
            SubmittedNotebook.late_submission_penalty,
        )
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .where(SubmittedAssignment.assignment_id == assignment)
    )
    for id, owner, notebook, penalty in session.execute(notebooks):
        sheet = by_notebook[id] = sheets[owner][1]
        sheet.notebooks[notebook] = (id, penalty or 0.0)
    marks = _within(
        assignment, Grade, Grade.auto_score, Grade.manual_score, Grade.extra_credit, Grade.needs_manual_grade
    )
    for owner, cell, id, *values in session.execute(marks):
        by_notebook[owner].marks[cell] = Mark(id, *values)
    for owner, cell, id, *texts in session.execute(
        _within(assignment, Comment, Comment.auto_comment, Comment.manual_comment)
    ):
        by_notebook[owner].remarks[cell] = Remark(id, *texts)
    return dict(sheets.values())


def _within(assignment: str, table: Any, *columns: Any) -> Any:
    return (
        select(table.notebook_id, table.cell_id, table.id, *columns)
        .join(SubmittedNotebook, SubmittedNotebook.id == table.notebook_id)
        .join(SubmittedAssignment, SubmittedAssignment.id == SubmittedNotebook.assignment_id)
        .where(SubmittedAssignment.assignment_id == assignment)
    )
