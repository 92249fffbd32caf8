"""nbgrader's exchange: feedback."""

from __future__ import annotations

from flask import Response
from sqlalchemy.exc import SQLAlchemyError

from server.access import Audience
from server.api import archives, problem
from server.api.archives import SENT, Archive, ArchiveForm
from server.api.exchange_submissions import FeedbackEntry, describe_feedback, find
from server.api.operation import JSON, MULTIPART, NBGRADER, Answer, Operation, Query, route
from server.context import _, me, now, parts, reader
from server.exchange import feedback, submissions
from server.exchange.feedback import Draft
from server.exchange.refusal import Refused
from server.exchange.submissions import Filter
from server.i18n import mark
from server.models import ExchangeFeedback
from server.store import StoreError

NO_FEEDBACK = mark("There is no feedback on this submission yet.")


@route(
    Operation(
        "PUT",
        "/courses/<course>/exchange/submissions/<id>/feedback",
        NBGRADER,
        mark("Release feedback of nbgrader"),
        Audience.API_STAFF,
        (Answer(mark("The feedback as it is now."), FeedbackEntry),),
        bodies={MULTIPART: ArchiveForm, JSON: Archive},
    )
)
def release_feedback(course: str, id: str, query: Query, body: Archive | ArchiveForm) -> FeedbackEntry:
    """Release feedback on a submission; sent again, it stays as it is."""
    draft = Draft(find(id).id, archives.receive(body), me().id)
    try:
        feedback.release(parts().database, parts().store, draft, now())
    except Refused as refused:
        archives.refuse(refused, "invalid")
    except (StoreError, SQLAlchemyError) as error:
        archives.not_kept(error)
    with parts().database.reader() as session:
        return describe_feedback(session.get_one(ExchangeFeedback, id))


@route(
    Operation(
        "GET",
        "/exchange/submissions/<id>/feedback",
        NBGRADER,
        mark("Fetch feedback of nbgrader"),
        Audience.API_READ,
        SENT,
        problems=(416,),
    )
)
def fetch_feedback(id: str, query: Query) -> Response:
    """Send the feedback on a submission of the caller's own."""
    if submissions.find(reader(), id, Filter(user_id=me().id)) is None:
        problem.refuse("not_found")
    found = reader().get(ExchangeFeedback, id)
    if found is None:
        problem.refuse("not_found", _(NO_FEEDBACK))
    return archives.send(found.blob, f"feedback-{id}")
