"""What the pages of reviews share: their blueprint, the submission of the path, the course's time zone."""

from __future__ import annotations

from flask import Blueprint, abort, request
from werkzeug.wrappers import Response

from server import log
from server.context import course, me, parts, reader
from server.models import Assignment, Submission
from server.review import record, source
from server.review.filter import Filter, read_filter
from server.review.source import Source
from server.store import StoreError

bp = Blueprint("reviews", __name__, url_prefix="/courses/<course>/submissions")

Page = str | Response | tuple[str, int]


def find_submission(id: str) -> tuple[Submission, Assignment]:
    """A submission of the course of the path, with its assignment; any other is not there."""
    found = record.find(reader(), course().id, id)
    if found is None:
        log.note("submission of another course, or of none, refused", me().id)
        abort(404)
    return found


def chosen() -> Filter:
    """The filter of the list from which the reader comes: it stands in the addresses of all pages."""
    return read_filter(request.args)


def read_source(submission: Submission) -> Source | None:
    """What was handed in, as lines; None: it is gone."""
    try:
        content = parts().store.get(submission.blob)
    except StoreError:
        return None
    return source.read(submission.file_name, content, submission.slug)
