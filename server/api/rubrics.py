"""An assignment's rubric: what reviews give or take points for."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import Response

from server.access import Audience
from server.account.identity import clean_name
from server.api import problem
from server.api.assignments import find
from server.api.matching import ETAG, Matching, check_match, tagged
from server.api.meta import about
from server.api.operation import COURSEWORK, JSON, Answer, Operation, Query, route, to_json
from server.api.reviews import NO_ITEM, Applied
from server.context import _, me, now, parts, reader
from server.i18n import mark
from server.models import Assignment
from server.review import rubric
from server.review.rubric import MAX_ITEMS, MAX_POINTS, MAX_TITLE, Row


class RubricView(msgspec.Struct):
    """A rubric."""

    items: Annotated[list[Applied], about("Its items, in order.")]


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """An item of a rubric that is to be written."""

    title: Annotated[str, about("What it is for.", min_length=1, max_length=MAX_TITLE)]
    points: Annotated[float, about("Points that it gives; below 0: that it takes.", ge=-MAX_POINTS, le=MAX_POINTS)]
    id: Annotated[int | None, about("The number of an item that is there; null: a new one.")] = None


class NewRubric(msgspec.Struct, forbid_unknown_fields=True):
    """A whole rubric. An item that is missing is removed, and no longer applies anywhere."""

    items: Annotated[list[Item], about("Its items, in order.", max_length=MAX_ITEMS)]


@route(
    Operation(
        "GET",
        "/courses/<course>/assignments/<slug>/rubric",
        COURSEWORK,
        mark("Read a rubric"),
        Audience.API_STAFF,
        (Answer(mark("The rubric."), RubricView, headers=ETAG),),
    )
)
def show_rubric(course: str, slug: str, query: Query) -> Response:
    """Send the rubric of an assignment."""
    return _answer(find(reader(), slug))


def _answer(assignment: Assignment) -> Response:
    with parts().database.reader() as session:
        items = rubric.read_items(session, assignment.id)
        shown = RubricView([Applied(each.id, each.title, each.points) for each in items])
        return to_json(shown, headers=tagged(rubric.version(items)))


@route(
    Operation(
        "PUT",
        "/courses/<course>/assignments/<slug>/rubric",
        COURSEWORK,
        mark("Write a rubric"),
        Audience.API_STAFF,
        (Answer(mark("The rubric as it is now."), RubricView, headers=ETAG),),
        headers=Matching,
        bodies={JSON: NewRubric},
        problems=(412,),
    )
)
def set_rubric(course: str, slug: str, query: Query, headers: Matching, body: NewRubric) -> Response:
    """Write the rubric of an assignment; published reviews change with it."""
    with parts().database.write() as session:
        assignment = find(session, slug)
        items = rubric.read_items(session, assignment.id)
        check_match(rubric.version(items))
        there = {each.id: each.title for each in items}
        kept = [each.id for each in body.items if each.id is not None]
        if not set(kept) <= there.keys() or len(set(kept)) < len(kept):
            problem.refuse("invalid", errors={"items": _(NO_ITEM)})
        rows = [Row(str(id), title, "", "", True) for id, title in there.items() if id not in kept]
        rows += [_row(place, each) for place, each in enumerate(body.items, 1)]
        if problems := rubric.check(rows):
            problem.refuse("invalid", errors={"items": _(next(iter(problems.values())))})
        rubric.save(session, assignment, rows, me().id, now())
    return _answer(assignment)


def _row(place: int, item: Item) -> Row:
    key = f"new-{place}" if item.id is None else str(item.id)
    return Row(key, clean_name(item.title), repr(float(item.points)), str(place))
