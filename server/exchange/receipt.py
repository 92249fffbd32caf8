"""The receipt of what was handed in with nbgrader. Who checks receipts knows both kinds."""

from __future__ import annotations

from datetime import tzinfo

from server.models import ExchangeSubmission
from server.submission.receipt import Receipt, moment, sign


def issue(submission: ExchangeSubmission, key: str, zone: tzinfo) -> Receipt:
    """Make the receipt of a submission whose file is still kept."""
    assert submission.blob is not None, "what it was is not known any more"
    facts = {
        "submission": submission.id,
        "student": submission.user.login,
        "course": submission.assignment.course.code,
        "assignment": submission.assignment.name,
        "version": str(submission.version),
        "bytes": str(submission.size),
        "sha256": submission.blob,
        "received": moment(submission.created_at, zone),
    }
    return sign(facts, key)
