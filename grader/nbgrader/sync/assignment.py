"""Keeps one assignment in step: looks, tells the portal, then writes the gradebook in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from nbgrader import api
from sqlalchemy.orm import Session

from grader.client import Refused
from grader.errors import SubmissionError
from grader.nbgrader.sync import making, memory
from grader.nbgrader.sync.book import Sheet
from grader.nbgrader.sync.decision import DUE, Conflict, Decision
from grader.nbgrader.sync.frame import Frame, tests_of
from grader.nbgrader.sync.gradebook import Gradebook
from grader.nbgrader.sync.memory import GRADEBOOK, PORTAL, Key, Known, Past
from grader.nbgrader.sync.merge import Choice, decide
from grader.nbgrader.sync.portal import Assigned, Portal, Standing
from grader.nbgrader.sync.reason import write_reason
from grader.nbgrader.sync.step import Step, look
from grader.nbgrader.sync.writing import Writer

#: the account may not do this at all: there is no use in trying it for everybody
FORBIDDEN = (401, 403)


@dataclass(frozen=True)
class Task:
    """An assignment that is to be kept in step."""

    key: Key
    assigned: Assigned
    #: in the gradebook
    name: str
    has_source: bool = False
    #: only these students; empty: all
    students: frozenset[str] = frozenset()


@dataclass
class Account:
    """What came of it."""

    task: Task
    conflicts: list[Conflict] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    #: students whom the gradebook did not have, or not with their names
    students: set[str] = field(default_factory=set)
    #: cells and due date of the assignment that were made or changed
    made: int = 0
    #: what the portal would not take, by student
    refused: dict[str, str] = field(default_factory=dict)
    #: drafts of reviews on the portal that a comment was added to, by student
    drafts: list[str] = field(default_factory=list)
    #: why nothing was done
    apart: making.Apart | None = None

    @property
    def is_settled(self) -> bool:
        """Whether nobody has to do anything about it."""
        return not (self.conflicts or self.refused or self.apart)


@dataclass
class _Look:
    """What is there, and what is to be done about it."""

    frame: Frame
    decisions: list[Decision]
    #: what is to be remembered
    states: dict[str, Known | Past]
    students: set[str]
    made: int
    due: Conflict | None

    @property
    def changes_gradebook(self) -> bool:
        return bool(self.made or self.students or self.states or any(each.changes_gradebook for each in self.decisions))


def sync(gradebook: Gradebook, portal: Portal, task: Task, choice: Choice, *, is_trial: bool) -> Account:
    """Keep an assignment in step. ``is_trial``: only say what would be done."""
    account = Account(task)
    standings = {each.login: each for each in portal.standings(task.key.course, task.key.exercise)}
    if unknown := sorted(task.students - standings.keys()):
        raise SubmissionError(
            f"{unknown[0]!r} is no student of {task.key.course} on the portal. Write the user name.",
            f"{unknown[0]!r} não é estudante de {task.key.course} no portal. Escreva o nome de usuário.",
        )
    try:
        with gradebook.transaction(keeps=False) as session:
            seen = _look(session, task, standings, choice)
    except making.Apart as apart:
        account.apart = apart
        return account
    account.decisions, account.students, account.made = seen.decisions, seen.students, seen.made
    account.conflicts = [*([seen.due] if seen.due else []), *(one for each in seen.decisions for one in each.conflicts)]
    if is_trial:
        return account
    if any(each.changes_portal for each in seen.decisions):
        _tell(portal, task, standings, seen.decisions, choice, account)
        standings = {each.login: each for each in portal.standings(task.key.course, task.key.exercise)}
    elif not seen.changes_gradebook:
        return account
    with gradebook.transaction() as session:
        # Looked at once more: what people have written meanwhile is not written over, and the next run carries it.
        seen = _look(session, task, standings, choice)
        Writer(seen.frame, choice.language).write(session, seen.decisions)
        memory.write(session, task.key, seen.states)
    return account


def _look(session: Session, task: Task, standings: Mapping[str, Standing], choice: Choice) -> _Look:
    """Make what the gradebook lacks, read it, and decide."""
    wanted = [each for login, each in standings.items() if not task.students or login in task.students]
    assignment = making.make_assignment(session, task.name, task.key.course, has_source=task.has_source)
    known, past = memory.read_known(session, task.key), memory.read(session, task.key)
    if known.id and known.id != assignment.id:
        memory.forget(session, task.key)
        known, past = Known(), {}
    students = making.make_students(session, wanted)
    now, due, moved = _decide_due_date(session, assignment, known, task, choice)
    tests, points = tests_of(standings.values()), task.assigned.points
    frames = making.make_frame(session, assignment, tests, points, known.cells)
    frame, now = frames.frame, replace(now, cells=frames.cells)
    decisions = _decide_all(frame, wanted, past, task.assigned, choice)
    if frame.adjustment is None and any(each.adjustment for each in decisions):
        making.make_adjustment(session, frame)
        frame = making.make_frame(session, assignment, tests, points, frames.cells).frame
        decisions = _decide_all(frame, wanted, past, task.assigned, choice)
    states: dict[str, Known | Past] = {
        each.login: each.past for each in decisions if each.past != past.get(each.login, Past())
    }
    if now != known:
        states[""] = now
    return _Look(frame, decisions, states, students, frames.changes + moved, due)


def _decide_all(
    frame: Frame, standings: Iterable[Standing], past: Mapping[str, Past], assigned: Assigned, choice: Choice
) -> list[Decision]:
    sheets = frame.book.sheets
    return [
        decide(frame, each, sheets.get(each.login, Sheet()), past.get(each.login, Past()), assigned.due_at, choice)
        for each in standings
    ]


def _decide_due_date(
    session: Session, assignment: api.Assignment, known: Known, task: Task, choice: Choice
) -> tuple[Known, Conflict | None, bool]:
    """Give the assignment its due date; say what is to be remembered, what is a conflict, and whether it was moved."""
    portal, there = (when.isoformat() if when else None for when in (task.assigned.due_at, assignment.duedate))
    step, due = look(portal, there, known.due), known.due
    if portal is None and due[0] is None and there is not None:
        step = Step.KNOWN  # a date of nbgrader's alone: the portal says nothing about it
    is_written = step is Step.WRITE or (step is Step.CLASH and choice.take == PORTAL)
    if is_written:
        making.set_due_date(session, assignment, task.assigned.due_at)
    if is_written or step is Step.SAME:
        due = (portal, portal)
    elif step is Step.CLASH and choice.take == GRADEBOOK:
        due = (portal, there)
    is_conflict = step is Step.CLASH and not choice.take
    conflict = Conflict("", DUE, portal, there, known.due[0]) if is_conflict else None
    return replace(known, id=assignment.id, name=task.name, due=due), conflict, is_written


def _tell(
    portal: Portal,
    task: Task,
    standings: Mapping[str, Standing],
    decisions: Iterable[Decision],
    choice: Choice,
    account: Account,
) -> None:
    """Write on the portal. What it refuses for one student keeps nobody else's from being written."""
    for each in decisions:
        standing = standings[each.login]
        try:
            if each.points is not None:
                reason = write_reason(each.points, choice.language)
                portal.set_points(task.key.course, task.key.exercise, standing, each.points.value, reason)
            if each.comment is not None:
                portal.write_comment(task.key.course, standing, each.comment)
                if standing.review and not standing.review.is_published:
                    account.drafts.append(each.login)
        except Refused as error:
            if error.status in FORBIDDEN:
                raise
            account.refused[each.login] = str(error)
