"""An assignment's rubric: what reviews give or take points for. Knows the database, not Flask."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.course import results
from server.course.clash import version_of
from server.i18n import mark
from server.models import Assignment, Review, RubricItem, RubricMark, Submission
from server.office import log
from server.office.log import Action

MAX_ITEMS = 40
MAX_TITLE = 200
MAX_POINTS = 1000
#: empty lines that the form offers
NEW_ROWS = 3

NO_TITLE = mark("Write what it is for, in at most 200 characters.")
NO_POINTS = mark("Write a number between −1000 and 1000. Below zero, points are taken.")
NO_PLACE = mark("Write a whole number between 1 and 99.")
TOO_MANY = mark("A rubric has at most 40 items. Remove some first.")


@dataclass(frozen=True)
class Row:
    """One line of the form, as it was typed."""

    #: of an item that is there: its id; of a new one: "new-1" and so on
    key: str
    title: str
    points: str
    place: str
    is_removed: bool = False
    #: whether it was in the form that was sent
    is_typed: bool = False
    #: whether it was of an item that somebody else has removed in the meantime: saved, it is a new one
    is_gone: bool = False

    @property
    def is_new(self) -> bool:
        """Whether it is a line for a new item."""
        return _is_new(self.key)

    @property
    def is_empty(self) -> bool:
        """Whether it is a line for a new item that nobody has filled."""
        return self.is_new and not self.title and not self.points


def read_items(session: Session, assignment_id: int) -> Sequence[RubricItem]:
    """The rubric of an assignment, in its order."""
    items = select(RubricItem).where(RubricItem.assignment_id == assignment_id)
    return session.scalars(items.order_by(RubricItem.position, RubricItem.id)).all()


def count_uses(session: Session, assignment_id: int) -> dict[int, int]:
    """In how many reviews each item applies."""
    wanted = select(RubricMark.item_id, func.count()).join(RubricItem, RubricItem.id == RubricMark.item_id)
    found = session.execute(wanted.where(RubricItem.assignment_id == assignment_id).group_by(RubricMark.item_id))
    return {item: int(uses) for item, uses in found}


def find_students(session: Session, assignment_id: int) -> set[int]:
    """Whose points follow from the rubric: students with a published review in which some of it applies."""
    found = (
        select(Submission.user_id)
        .join(RubricMark, RubricMark.submission_id == Submission.id)
        .join(Review, Review.submission_id == Submission.id)
        .where(Submission.assignment_id == assignment_id, Review.published_at.is_not(None))
    )
    return set(session.scalars(found))


def show(items: Sequence[RubricItem], language: str) -> list[Row]:
    """The form for a rubric, with lines for new items."""
    comma = "," if language.startswith("pt") else "."
    rows = [
        Row(str(each.id), each.title, f"{each.points:g}".replace(".", comma), str(place))
        for place, each in enumerate(items, 1)
    ]
    new = min(NEW_ROWS, MAX_ITEMS - len(items))
    return rows + [Row(f"new-{place}", "", "", "") for place in range(1, new + 1)]


def read_form(form: Mapping[str, str], items: Sequence[RubricItem], language: str) -> list[Row]:
    """The form as it was typed; an item that the form does not know stays as it is."""
    typed = [name.removeprefix("title-") for name in form if name.startswith("title-")]
    there = [_read_row(form, row) if row.key in typed else row for row in show(items, language) if not row.is_new]
    known = {row.key for row in there}
    more = [_read_row(form, Row(key, "", "", "")) for key in typed if key not in known]
    # What is removed here as well as there needs no line any more.
    new = [row for row in more if row.is_new or (row.key.isdecimal() and not row.is_removed)]
    return there + [
        replace(row, key=f"new-{place}", is_gone=not row.is_new, is_removed=False) for place, row in enumerate(new, 1)
    ]


def _read_row(form: Mapping[str, str], row: Row) -> Row:
    title, points, place = (form.get(f"{name}-{row.key}", "").strip() for name in ("title", "points", "place"))
    return Row(row.key, title, points, place, f"remove-{row.key}" in form, is_typed=True)


def _is_new(key: str) -> bool:
    return key.startswith("new-")


def number(text: str) -> float | None:
    """Points as people of either language type them; None: that is no number for points."""
    try:
        value = float(text.replace(",", ".").replace("−", "-"))
    except ValueError:
        return None
    return round(value, 2) if math.isfinite(value) and abs(value) <= MAX_POINTS else None


def check(rows: Sequence[Row]) -> dict[str, str]:
    """Say what is wrong, by the name of the field."""
    problems: dict[str, str] = {}
    kept = [row for row in rows if not row.is_removed and not row.is_empty]
    for row in kept:
        if not 1 <= len(row.title) <= MAX_TITLE or not row.title.isprintable():
            problems[f"title-{row.key}"] = NO_TITLE
        if number(row.points) is None:
            problems[f"points-{row.key}"] = NO_POINTS
        if row.place and not (row.place.isascii() and row.place.isdigit() and 1 <= int(row.place[:9]) <= 99):
            problems[f"place-{row.key}"] = NO_PLACE
    if len(kept) > MAX_ITEMS:
        problems["rubric"] = TOO_MANY
    return problems


def change(session: Session, assignment_id: int, rows: Sequence[Row]) -> None:
    """Write a rubric that was checked. What is removed no longer applies anywhere."""
    items = {str(each.id): each for each in read_items(session, assignment_id)}
    for row in rows:
        if row.is_removed and row.key in items:
            session.delete(items.pop(row.key))
    for position, row in enumerate(_in_order(row for row in rows if row.is_new or row.key in items), 1):
        item = items.get(row.key)
        if item is None:
            item = RubricItem(assignment_id=assignment_id)
            session.add(item)
        item.title, item.points, item.position = row.title, number(row.points) or 0.0, position
    session.flush()


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """What of a form that was checked makes the rubric. Lines without a place come last, in the order of the form."""
    kept = [row for row in rows if not row.is_removed and not row.is_empty]
    return sorted(kept, key=lambda row: int(row.place or 100))


def version(items: Sequence[RubricItem]) -> str:
    """What stands for a rubric as it is."""
    return version_of(describe(items))


def version_typed(rows: Iterable[Row]) -> str:
    """The same for the rubric that a form would make, if nobody else had changed it. The form was checked."""
    return version_of([[row.title, number(row.points) or 0.0] for row in _in_order(rows) if row.is_typed])


def differing(rows: Iterable[Row], items: Sequence[RubricItem], language: str) -> dict[str, str]:
    """What fields of the form would show as things stand, by name, where something else was typed."""
    there = {row.key: row for row in show(items, language)}
    return {
        f"{name}-{row.key}": getattr(there[row.key], name)
        for row in rows
        if row.is_typed and not row.is_new
        for name in ("title", "points", "place")
        if getattr(there[row.key], name) != getattr(row, name)
    }


def save(session: Session, assignment: Assignment, rows: Sequence[Row], by_id: int, now: datetime) -> None:
    """Write a rubric that was checked, in the log and in what counts: published reviews change with it."""
    assert assignment.course_id is not None, "an assignment of a course"
    before = describe(read_items(session, assignment.id))
    students = find_students(session, assignment.id)
    change(session, assignment.id, rows)
    after = describe(read_items(session, assignment.id))
    if before == after:
        return
    log.write(
        session, Action.RUBRIC_CHANGED, by_id, now, course_id=assignment.course_id, subject=assignment.slug,
        before=before, after=after,
    )  # fmt: skip
    if students:
        results.settle(session, assignment.course_id, now, users=students)


def describe(items: Sequence[RubricItem]) -> list[list[str | float]]:
    """A rubric as plain values, to be written down."""
    return [[each.title, each.points] for each in items]
