"""Pages for whoever hands in with nbgrader: what was received, its receipt, the feedback."""

from __future__ import annotations

import io

from flask import Blueprint, abort, render_template, request, send_file
from werkzeug.wrappers import Response

from server import log
from server.access import Audience, open_to
from server.context import language, me, parts, reader
from server.exchange import listing, receipt
from server.exchange.sending import send_zip
from server.models import ExchangeFeedback, ExchangeSubmission
from server.submission.history import PAGE_SIZE

bp = Blueprint("own_exchange", __name__, url_prefix="/nbgrader")


@bp.get("")
@open_to(Audience.STUDENT)
def index() -> str:
    """Show all that the reader handed in, in every course, also in those that are over."""
    page = listing.read_own(reader(), me().id, request.args.get("page", 1, type=int), PAGE_SIZE)
    return render_template("exchange/own.html", page=page)


@bp.get("/<id>/file")
@open_to(Audience.STUDENT)
def file(id: str) -> Response:
    """Send back what was handed in."""
    submission = _find(id)
    return send_zip(submission.blob, submission.assignment.name)


@bp.get("/<id>/feedback")
@open_to(Audience.STUDENT)
def feedback(id: str) -> Response:
    """Send the feedback: pages with whatever its maker put into them, so never shown by the portal itself."""
    submission = _find(id)
    found = reader().get(ExchangeFeedback, submission.id) or abort(404)
    return send_zip(found.blob, f"{submission.assignment.name}-feedback")


@bp.get("/<id>/receipt.txt")
@open_to(Audience.STUDENT)
def save_receipt(id: str) -> Response:
    """Send the receipt as a text file."""
    submission = _find(id)
    if submission.blob is None:  # of what was deleted there is no SHA-256 to vouch for
        abort(404)
    issued = receipt.issue(submission, parts().settings.secret_key, language().zone)
    name = f"receipt-{submission.assignment.name}-{submission.id}.txt"
    return send_file(io.BytesIO(issued.text().encode()), mimetype="text/plain", as_attachment=True, download_name=name)


def _find(id: str) -> ExchangeSubmission:
    """The reader's own submission; somebody else's is not there."""
    found = reader().get(ExchangeSubmission, id)
    if found is None:
        abort(404)
    if found.user_id != me().id:
        log.note("somebody else's submission refused", me().id)
        abort(404)
    return found
