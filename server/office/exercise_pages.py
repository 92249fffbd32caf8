"""Pages of exercises for authors and instructors: versions, tests, audits, faults."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from server.access import Audience, open_to
from server.context import now, parts, reader
from server.office import alerts, care

bp = Blueprint("office_exercises", __name__, url_prefix="/office/exercises")


@bp.get("")
@open_to(Audience.CREATOR)
def index() -> str:
    """Show all exercises."""
    found = care.look(reader(), parts().catalogue, parts().catalogue.slugs())
    alarming = {alert.slug: alert for alert in alerts.find_alerts(reader(), now())}
    return render_template("office/exercises.html", found=found, alarming=alarming, counts=care.counts)


@bp.get("/<slug>")
@open_to(Audience.CREATOR)
def show(slug: str) -> str:
    """Show one exercise, with its earlier versions and what the audit found."""
    found = care.look_back(reader(), parts().catalogue, slug, now() - alerts.RECENT)
    if found is None:
        abort(404)
    return render_template(
        "office/exercise.html",
        care=found.care,
        is_there=found.is_there,
        versions=found.versions,
        audits=found.audits,
        faults=found.faults,
        counts=care.counts,
    )
