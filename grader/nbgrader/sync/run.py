"""Keeps a course's assignments in step, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nbgrader import api
from sqlalchemy import select

from grader.errors import SubmissionError
from grader.nbgrader.sync import memory
from grader.nbgrader.sync.assignment import Account, Task, sync
from grader.nbgrader.sync.course import Course
from grader.nbgrader.sync.gradebook import Gradebook
from grader.nbgrader.sync.memory import Key
from grader.nbgrader.sync.merge import Choice
from grader.nbgrader.sync.portal import Assigned, Portal


@dataclass(frozen=True)
class Order:
    """What is to be kept in step."""

    #: exercises, or names in the gradebook; empty: all published ones
    assignments: Sequence[str] = ()
    #: user names; empty: everybody
    students: frozenset[str] = frozenset()
    #: names in the gradebook that differ, by exercise
    names: Mapping[str, str] = field(default_factory=dict)
    choice: Choice = field(default_factory=Choice)
    #: only say what would be done
    is_trial: bool = False


@dataclass(frozen=True)
class Strangers:
    """What the gradebook has and the portal's course has not."""

    assignments: list[str]
    students: list[str]


def run(course: Course, portal: Portal, order: Order) -> Iterator[Account | Strangers]:
    """Keep everything in step that was asked for, and say of each assignment what came of it; last, what is unknown."""
    assigned = {each.slug: each for each in portal.assigned(course.code)}
    gradebook = Gradebook(course.db_url, course.code, is_trial=order.is_trial)
    try:
        names = _find_names(gradebook, course, order, assigned)
        for slug in _choose(order, assigned, names, course.code):
            key = Key.of(course.access, course.code, slug)
            task = Task(key, assigned[slug], names[slug], course.has_source(names[slug]), order.students)
            yield sync(gradebook, portal, task, order.choice, is_trial=order.is_trial)
        yield _find_strangers(gradebook, portal, course.code, set(names.values()))
    finally:
        gradebook.close()


def _find_names(gradebook: Gradebook, course: Course, order: Order, assigned: Mapping[str, Assigned]) -> dict[str, str]:
    """What the assignments are called in the gradebook: as was said now, or in an earlier run, or like the exercise."""
    unknown = sorted(set(order.names) - set(assigned))
    if unknown:
        raise _unknown(unknown[0], course.code, assigned)
    with gradebook.transaction(keeps=False) as session:
        known = memory.read_names(session, Key.of(course.access, course.code))
    names = {slug: order.names.get(slug) or known.get(slug) or slug for slug in assigned}
    for slug, name in names.items():
        others = [each for each in names if each != slug and names[each] == name]
        if others:
            raise SubmissionError(
                f"Both {slug} and {others[0]} would be {name} in the gradebook. Name another one: --map {slug}=NAME",
                f"Tanto {slug} quanto {others[0]} seriam {name} no gradebook. Indique outra: --map {slug}=NOME",
            )
    return names


def _choose(order: Order, assigned: Mapping[str, Assigned], names: Mapping[str, str], course: str) -> list[str]:
    if not order.assignments:
        return [slug for slug, each in assigned.items() if each.published]
    by_name = {name: slug for slug, name in names.items()}
    for wanted in order.assignments:
        if wanted not in assigned and wanted not in by_name:
            raise _unknown(wanted, course, assigned)
    return list(dict.fromkeys(each if each in assigned else by_name[each] for each in order.assignments))


def _unknown(name: str, course: str, assigned: Mapping[str, Assigned]) -> SubmissionError:
    there = ", ".join(sorted(assigned)) or "–"
    return SubmissionError(
        f"On the portal, {course} has no assignment {name!r}. There are: {there}. Where the gradebook calls one "
        "otherwise: --map EXERCISE=ASSIGNMENT",
        f"No portal, {course} não tem a tarefa {name!r}. Há: {there}. Onde o gradebook dá outro nome a uma: --map "
        "EXERCÍCIO=TAREFA",
    )


def _find_strangers(gradebook: Gradebook, portal: Portal, course: str, names: set[str]) -> Strangers:
    logins = set(portal.students(course))
    with gradebook.transaction(keeps=False) as session:
        assignments = session.scalars(select(api.Assignment.name).order_by(api.Assignment.name))
        students = session.scalars(select(api.Student.id).order_by(api.Student.id))
        return Strangers(
            [name for name in assignments if name not in names], [id for id in students if id not in logins]
        )  # fmt: skip
