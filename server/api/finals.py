"""Hidden tests that were to be run after the deadline, and could not be: where, and another try."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.access import Audience
from server.api.assignments import find
from server.api.failures import Retried
from server.api.meta import about
from server.api.operation import REGRADES, Answer, Operation, Query, route
from server.context import course as here
from server.context import me, now, parts, reader
from server.i18n import mark
from server.regrade import work


class FailedFinals(msgspec.Struct, kw_only=True):
    """An assignment with submissions that still have the points of the public tests alone."""

    exercise: Annotated[str, about("The exercise's short name.")]
    submissions: Annotated[int, about("Submissions whose hidden tests could not be run.")]
    cause: Annotated[str, about("What hindered it, of one of them.")]


class FinalsList(msgspec.Struct):
    """Where hidden tests could not be run after the deadline."""

    finals: Annotated[list[FailedFinals], about("The assignments, by the exercise's short name.")]


@route(
    Operation(
        "GET",
        "/courses/<course>/finals",
        REGRADES,
        mark("List hidden tests that could not be run after the deadline"),
        Audience.API_STAFF,
        (Answer(mark("The assignments."), FinalsList),),
    )
)
def list_finals(course: str, query: Query) -> FinalsList:
    """Send the assignments in which final gradings failed."""
    found = work.failed_finals(reader(), here().id)
    return FinalsList(
        [FailedFinals(exercise=row.slug, submissions=count, cause=cause) for row, count, cause in found]
    )  # fmt: skip


@route(
    Operation(
        "POST",
        "/courses/<course>/finals/<slug>/retry",
        REGRADES,
        mark("Try again to run an assignment's hidden tests"),
        Audience.API_TEACHER,
        (Answer(mark("How many are tried again."), Retried),),
    )
)
def retry_finals(course: str, slug: str, query: Query) -> Retried:
    """Put an assignment's failed final gradings back into the line. Where none failed, there is nothing to do."""
    with parts().database.write() as session:
        count = work.retry_finals(session, find(session, slug), me().id, now())
    parts().dispatcher.wake()
    return Retried(count)
