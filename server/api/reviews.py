"""Reviews of submissions: what staff writes, remarks on lines, publishing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NoReturn

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from server.access import Audience
from server.api import problem
from server.api.coursework import find_work
from server.api.meta import about
from server.api.operation import COURSEWORK, DONE, JSON, Answer, Operation, Query, route, to_json
from server.context import _, me, now, parts
from server.context import course as here
from server.i18n import mark
from server.models import Submission
from server.review import asking, change, record
from server.review.blueprint import read_source
from server.review.change import PUBLISHED, REMARK, REMOVE, SAVED, TAKEN_BACK, By, Change, Problems
from server.review.record import MAX_COMMENT, Record

NO_ITEM = mark("The assignment's rubric has no item with this number.")
MEANWHILE = mark("Somebody else has saved this review since you read it. Nothing was written.")


class Remark(msgspec.Struct, kw_only=True):
    """Something about one line."""

    id: Annotated[int, about("Its number.")]
    file: Annotated[str, about("The file within an archive; empty: the only one.")]
    line: Annotated[int, about("The line, from 1, as it was graded.")]
    text: Annotated[str, about("What is said.")]
    by: Annotated[str, about("Who said it; empty: somebody who is gone.")]
    at: Annotated[datetime, about("When.")]


class Applied(msgspec.Struct):
    """A rubric's item that applies."""

    id: Annotated[int, about("Its number.")]
    title: Annotated[str, about("What it is for.")]
    points: Annotated[float, about("Points that it gives; below 0: that it takes.")]


class ReviewView(msgspec.Struct, kw_only=True):
    """What staff has written about a submission."""

    published: Annotated[bool, about("Whether the student reads it.")]
    comment: Annotated[str, about("About all of it.")]
    points: Annotated[float, about("Points that the rubric adds or takes.")]
    rubric: Annotated[list[Applied], about("What of the rubric applies.")]
    remarks: Annotated[list[Remark], about("What is said about lines.")]
    by: Annotated[str, about("Who saved it last; empty: nobody has.")]
    version: Annotated[str, about("Differs whenever it was saved.")]


class ReviewChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be written; what is missing stays as it is."""

    comment: Annotated[str, about("About all of it.", max_length=MAX_COMMENT)] | UnsetType = UNSET
    rubric: Annotated[list[int], about("Numbers of the rubric's items that apply.", max_length=100)] | UnsetType = UNSET
    published: Annotated[bool, about("Whether the student reads it.")] | UnsetType = UNSET
    version: (
        Annotated[
            str, about("The version that was read. When somebody has saved another one since, nothing is written.")
        ]
        | UnsetType
    ) = UNSET


class NewRemark(msgspec.Struct, forbid_unknown_fields=True):
    """A remark that is to be made."""

    line: Annotated[int, about("The line, from 1, as it was graded.", ge=1, le=1_000_000)]
    text: Annotated[str, about("What is said.", min_length=1, max_length=MAX_COMMENT)]
    file: Annotated[str, about("The file within an archive; empty: the only one.", max_length=200)] = ""


def _describe(its: Record) -> ReviewView:
    return ReviewView(
        published=its.is_published,
        comment=its.comment,
        points=its.points,
        rubric=[Applied(each.id, each.title, each.points) for each in its.applied],
        remarks=[
            Remark(id=each.id, file=each.path, line=each.line, text=each.text, by=each.by, at=each.at)
            for each in its.remarks
        ],
        by=its.by,
        version=its.version,
    )


def _read(submission: Submission) -> ReviewView:
    """As it is now: the request's own reader sees the database as it was before."""
    with parts().database.reader() as session:
        return _describe(record.read(session, submission))


@route(
    Operation(
        "GET",
        "/courses/<course>/submissions/<id>/review",
        COURSEWORK,
        mark("Read a review"),
        Audience.API_STAFF,
        (Answer(mark("The review; an empty one where nothing was written."), ReviewView),),
    )
)
def show_review(course: str, id: str, query: Query) -> ReviewView:
    """Send what was written about a submission."""
    return _read(find_work(id)[0])


@route(
    Operation(
        "PATCH",
        "/courses/<course>/submissions/<id>/review",
        COURSEWORK,
        mark("Write or publish a review"),
        Audience.API_STAFF,
        (Answer(mark("The review as it is now."), ReviewView),),
        bodies={JSON: ReviewChange},
        problems=(409,),
    )
)
def change_review(course: str, id: str, query: Query, body: ReviewChange) -> ReviewView:
    """Write a review."""
    found = find_work(id)[0]
    action = SAVED if body.published is UNSET else PUBLISHED if body.published else TAKEN_BACK
    items = None if body.rubric is UNSET else frozenset(body.rubric)
    comment = None if body.comment is UNSET else asking.clean(body.comment)
    _write(found, action, comment, items, version=None if body.version is UNSET else body.version)
    return _read(found)


def _write(
    submission: Submission,
    action: str,
    comment: str | None = None,
    items: frozenset[int] | None = None,
    *,
    version: str | None = None,
    remark: int = 0,
    spot: tuple[str, int] | None = None,
    text: str = "",
) -> None:
    """Write it in one transaction. None: as it is."""
    with parts().database.write() as session:
        before = record.read(session, submission)
        if items is not None and not items <= {each.id for each in before.items}:
            problem.refuse("invalid", errors={"rubric": _(NO_ITEM)})
        wanted = Change(
            action,
            version,
            before.comment if comment is None else comment,
            before.marked if items is None else items,
            remark,
            spot,
            text,
        )
        try:
            change.check(wanted)
            row = session.get_one(Submission, submission.id)
            change.write(session, row, wanted, By(here().id, me().id, now()))
        except Problems as error:
            _refuse(error)


def _refuse(error: Problems) -> NoReturn:
    if "version" in error.problems:
        problem.refuse("conflict", _(MEANWHILE))
    problem.refuse("invalid", errors={name: _(text) for name, text in error.problems.items()})


@route(
    Operation(
        "POST",
        "/courses/<course>/submissions/<id>/review/remarks",
        COURSEWORK,
        mark("Remark on a line"),
        Audience.API_STAFF,
        (Answer(mark("The review as it is now."), ReviewView, status=201),),
        bodies={JSON: NewRemark},
    )
)
def make_remark(course: str, id: str, query: Query, body: NewRemark) -> Response:
    """Remark on a line. The same remark once more is not made twice."""
    found = find_work(id)[0]
    text = asking.clean(body.text)
    source = read_source(found)
    if source is None or not source.shows(body.file, body.line):
        problem.refuse("invalid", errors={"line": _(record.NO_LINE)})
    there = {(each.file, each.line, each.text) for each in _read(found).remarks}
    if (body.file, body.line, text) not in there:
        _write(found, REMARK, spot=(body.file, body.line), text=text)
    return to_json(_read(found), 201)


@route(
    Operation(
        "DELETE",
        "/courses/<course>/submissions/<id>/review/remarks/<remark>",
        COURSEWORK,
        mark("Remove a remark"),
        Audience.API_STAFF,
        (DONE,),
    )
)
def remove_remark(course: str, id: str, remark: str, query: Query) -> None:
    """Remove a remark."""
    found = find_work(id)[0]
    if int(remark) not in {each.id for each in _read(found).remarks}:
        problem.refuse("not_found")
    _write(found, REMOVE, remark=int(remark))
