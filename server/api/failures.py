"""Gradings that did not go through: the list, and another try."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from grader.report import Owner
from server.access import Audience
from server.api import paging, problem
from server.api.assignments import Slug
from server.api.meta import about
from server.api.operation import ADMINISTRATION, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, links
from server.context import me, now, parts, reader
from server.i18n import mark
from server.office import failures
from server.office.failures import Filter


class Failure(msgspec.Struct, kw_only=True):
    """A grading that did not go through."""

    id: Annotated[str, about("Its id.")]
    submission: Annotated[str, about("The submission's id.")]
    again: Annotated[bool, about("Whether it is another grading of a submission that has one.")]
    login: Annotated[str, about("The student's user name.")]
    exercise: Annotated[str, about("The exercise's short name.")]
    owner: Annotated[Owner | None, about("Who has to act.")]
    cause: Annotated[str, about("What hindered it.")]
    tries: Annotated[int, about("How often it was started.")]
    finished_at: Annotated[datetime | None, about("When it was given up.")]


class FailureList(msgspec.Struct):
    """A page of failed gradings, newest first."""

    failures: Annotated[list[Failure], about("The failed gradings of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class FailureQuery(PageQuery):
    """Which failed gradings."""

    owner: Annotated[Owner, about("Only those for which this one has to act.")] | UnsetType = UNSET
    exercise: Annotated[Slug, about("Only those of this exercise.")] | UnsetType = UNSET


class Retried(msgspec.Struct):
    """What was put back into the line."""

    count: Annotated[int, about("How many gradings are tried again.")]


class RetryQuery(Query):
    """What is tried again."""

    alike: Annotated[bool, about("Whether to try all again that failed for the same cause.")] = False


def _describe(row: Any) -> Failure:
    return Failure(
        id=row.id,
        submission=row.submission_id,
        again=bool(row.is_again),
        login=row.login,
        exercise=row.slug,
        owner=row.owner,
        cause=row.fault,
        tries=row.tries,
        finished_at=row.finished_at,
    )


@route(
    Operation(
        "GET",
        "/failures",
        ADMINISTRATION,
        mark("List failed gradings"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("A page of failed gradings."), FailureList, headers=LINK),),
        query=FailureQuery,
    )
)
def list_failures(query: FailureQuery) -> Response:
    """Send what did not go through, newest first."""
    chosen = Filter(None if query.owner is UNSET else query.owner, "" if query.exercise is UNSET else query.exercise)
    if query.after is UNSET:
        wanted = failures.find(reader(), chosen)
    else:
        found = failures.find_after(reader(), chosen, query.after)
        wanted = paging.refuse_cursor() if found is None else found
    shown, final = paging.split(reader().execute(wanted.limit(query.limit + 1)).all(), query.limit)
    cursor = final.id if final else None
    return to_json(FailureList([_describe(each) for each in shown], cursor), headers=links(cursor))


@route(
    Operation(
        "POST",
        "/failures/<id>/retry",
        ADMINISTRATION,
        mark("Try a failed grading again"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("How many are tried again."), Retried),),
        query=RetryQuery,
    )
)
def retry_failure(id: str, query: RetryQuery) -> Retried:
    """Put one back into the line, or all of the same cause."""
    with parts().database.write() as session:
        if query.alike:
            count = failures.retry_like(session, id, me().id, now())
        else:
            count = int(failures.retry_one(session, id, me().id, now()))
    if not count:
        problem.refuse("not_found")
    parts().dispatcher.wake()
    return Retried(count)
