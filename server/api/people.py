"""What is kept about people: one person's data, their deletion, and what goes when its time is over."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlalchemy import select
from werkzeug.wrappers import Response

from server.access import Audience
from server.api import problem
from server.api.meta import about
from server.api.operation import ADMINISTRATION, DONE, Answer, Operation, Query, route
from server.context import _, now, reader
from server.i18n import mark
from server.models import User
from server.office import people_pages, retention, retention_pages
from server.office.accounts import Refusal
from server.office.retention import Preview


class OldData(msgspec.Struct, kw_only=True):
    """What is over its time by the operator's settings."""

    submissions: Annotated[int, about("Submissions that lose their file and reports; their scores stay.")]
    log_entries: Annotated[int, about("Entries of the log.")]
    expired: Annotated[int, about("Log-ins, links and invitations that no longer work.")]


def _describe(found: Preview) -> OldData:
    return OldData(submissions=found.submissions, log_entries=found.log_entries, expired=found.expired)


def _find(login: str) -> User:
    found = reader().scalar(select(User).where(User.login == login))
    return found or problem.refuse("not_found")


@route(
    Operation(
        "POST",
        "/users/<login>/export",
        ADMINISTRATION,
        mark("Export everything that is kept about somebody"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("An archive with their data and files."), media="application/zip"),),
    )
)
def export_user(login: str, query: Query) -> Response:
    """Send everything that is kept about somebody."""
    return people_pages.send_data_of(_find(login))


@route(
    Operation(
        "DELETE",
        "/users/<login>",
        ADMINISTRATION,
        mark("Delete everything that is kept about somebody"),
        Audience.API_ADMINISTRATOR,
        (DONE,),
        problems=(409,),
    )
)
def erase_user(login: str, query: Query) -> None:
    """Delete everything that is kept about somebody."""
    outcome = people_pages.erase_all_of(_find(login))
    if outcome is None:
        problem.refuse("not_found")
    if isinstance(outcome, Refusal):
        problem.refuse("conflict", _(outcome.value))


@route(
    Operation(
        "GET",
        "/retention",
        ADMINISTRATION,
        mark("Read what is over its time"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("What would be deleted."), OldData),),
    )
)
def show_old_data(query: Query) -> OldData:
    """Send what would go."""
    return _describe(retention.preview(reader(), retention_pages.rules(), now()))


@route(
    Operation(
        "POST",
        "/retention",
        ADMINISTRATION,
        mark("Delete what is over its time"),
        Audience.API_ADMINISTRATOR,
        (Answer(mark("What was deleted."), OldData),),
    )
)
def delete_old_data(query: Query) -> OldData:
    """Delete it."""
    done, _files = retention_pages.delete_old_data()
    return _describe(done)
