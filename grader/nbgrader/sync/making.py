"""Makes what the gradebook lacks of an assignment: itself, students, notebooks, cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from nbgrader.api import Assignment, Course, GradeCell, Notebook, SolutionCell, Student, new_uuid
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from grader.errors import SubmissionError
from grader.nbgrader.sync import book as books
from grader.nbgrader.sync.book import ADJUSTMENT, OWN_NOTEBOOK, Book, Kind
from grader.nbgrader.sync.frame import Frame, find_scale, match
from grader.nbgrader.sync.portal import Standing

#: in a notebook of ours: what comments hang on
ANSWER = "answer"

#: characters of a text in the gradebook
_MOST = 128


class Apart(SubmissionError):
    """An assignment that cannot be kept in step as things stand; the others can."""


def make_assignment(session: Session, name: str, course: str, *, has_source: bool) -> Assignment:
    """Find the assignment, or make it. Raises Apart where nbgrader has to make its notebooks first."""
    found = books.find(session, name)
    has_notebooks = found is not None and session.scalar(select(Notebook.id).where(Notebook.assignment_id == found.id))
    if has_source and not has_notebooks:
        raise Apart(
            f"{name} lies in the folder of sources, and nbgrader does not know its cells yet. Run first: nbgrader "
            f"generate_assignment {name}",
            f"{name} está na pasta de fontes, e o nbgrader ainda não conhece suas células. Execute antes: nbgrader "
            f"generate_assignment {name}",
        )
    if found is None:
        if session.get(Course, course) is None:
            session.add(Course(id=course))
            session.flush()
        found = Assignment(name=name, course_id=course)
        session.add(found)
        session.flush()
    return found


def make_students(session: Session, standings: Iterable[Standing]) -> set[str]:
    """Let the gradebook have all students, with names and addresses where it has none; say who was changed."""
    columns = select(Student.id, Student.first_name, Student.last_name, Student.email)
    there = {id: texts for id, *texts in session.execute(columns)}
    new, changed = [], []
    for each in standings:
        first, _space, last = each.name.rpartition(" ")
        email = each.email if each.email and len(each.email) <= _MOST else None
        if each.login not in there:
            new.append({"id": each.login, "first_name": first or None, "last_name": last, "email": email})
            continue
        has_first, has_last, has_email = there[each.login]
        named = {} if has_first or has_last else {"first_name": first or None, "last_name": last}
        values = named | ({"email": email} if email and not has_email else {})
        if values:
            changed.append({"id": each.login, **values})
    if new:
        session.execute(insert(Student), new)
    for row in changed:
        session.execute(update(Student), [row])
    return {str(row["id"]) for row in (*new, *changed)}


@dataclass(frozen=True)
class Made:
    """What was made, or changed, for the tests of an assignment."""

    frame: Frame
    #: ids of all cells of ours
    cells: tuple[str, ...]
    changes: int


def make_frame(
    session: Session, assignment: Assignment, tests: Mapping[str, float], points: float | None, ours: Iterable[str]
) -> Made:
    """Find the cells of all tests, and make those that are missing. Raises Apart where names do not agree at all.

    ``ours``: ids of the cells that were made so before.
    """
    book = books.read(session, assignment.id)
    matched = match(book, tests)
    _check(book, assignment.name, matched, tests)
    is_bare = not book.notebooks
    if is_bare:
        _make_notebook(session, book, assignment.name)
    new = _make_cells(session, book, {name: tests[name] for name in tests if name not in matched.values()})
    there = [id for id in ours if id in book.cells]
    worth = {id: tests.get(matched.get(id, ""), 0.0) for id in there} if tests else {}
    changed = {id: points for id, points in worth.items() if book.cells[id].max_score != points}
    for id, value in changed.items():
        session.execute(update(GradeCell).where(GradeCell.id == id).values(max_score=value))
    if is_bare or new or changed:
        book = books.read(session, assignment.id)
        matched = match(book, tests)
    retired = frozenset(there) - matched.keys() if tests else frozenset()
    frame = Frame(book, matched, find_scale(book, points), retired)
    return Made(frame, (*there, *new), is_bare + len(new) + len(changed))


def _make_cells(session: Session, book: Book, missing: Mapping[str, float]) -> list[str]:
    """Make cells for tests that are worth something, and give their ids."""
    wanted = {name: worth for name, worth in missing.items() if worth}
    if not wanted:
        return []
    notebook = _own_notebook(session, book)
    cells = [
        GradeCell(id=new_uuid(), name=name, notebook_id=notebook, max_score=worth, cell_type="code")
        for name, worth in wanted.items()
    ]
    session.add_all(cells)
    session.flush()
    return [str(cell.id) for cell in cells]


def make_adjustment(session: Session, frame: Frame) -> None:
    """Make the cell for what people gave on the portal."""
    notebook = _own_notebook(session, frame.book)
    session.add(GradeCell(name=ADJUSTMENT, notebook_id=notebook, max_score=0.0, cell_type="code"))
    session.flush()


def set_due_date(session: Session, assignment: Assignment, due_at: datetime | None) -> None:
    """Give an assignment its due date."""
    session.execute(update(Assignment).where(Assignment.id == assignment.id).values(duedate=due_at))


def _check(book: Book, name: str, matched: Mapping[str, str], tests: Mapping[str, float]) -> None:
    """Whether the notebook is of this exercise: else its points would stand twice in the gradebook."""
    graded = [
        cell.name
        for cell in book.cells.values()
        if cell.kind is Kind.TESTS and cell.max_score and not cell.is_ours
    ]  # fmt: skip
    if not graded or not tests or any(not book.cells[id].is_ours for id in matched):
        return
    cells, names = ", ".join(graded[:5]), ", ".join(list(tests)[:5])
    raise Apart(
        f"{name}: none of the gradebook's cells ({cells}) is a test of the portal's exercise ({names}), so this is "
        "another assignment. Name the right one: --map EXERCISE=ASSIGNMENT",
        f"{name}: nenhuma das células do gradebook ({cells}) é um teste do exercício no portal ({names}); esta é outra "
        "tarefa. Indique a certa: --map EXERCÍCIO=TAREFA",
    )


def _make_notebook(session: Session, book: Book, name: str) -> str:
    """A notebook that nbgrader has no file of; people can comment on it all the same."""
    notebook = Notebook(name=name, assignment_id=book.id)
    session.add(notebook)
    session.flush()
    book.notebooks[notebook.id] = name
    if name != OWN_NOTEBOOK:
        session.add(SolutionCell(name=ANSWER, notebook_id=notebook.id))
        session.flush()
    return str(notebook.id)


def _own_notebook(session: Session, book: Book) -> str:
    """Where cells of ours go: never into a notebook of nbgrader's, which then could not be generated again."""
    ours = [id for id in book.notebooks if id not in book.made]
    return ours[0] if ours else _make_notebook(session, book, OWN_NOTEBOOK)
