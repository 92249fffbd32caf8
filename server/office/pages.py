"""The first page of the administration: how the portal is doing, and what wants attention."""

from __future__ import annotations

from flask import Blueprint, render_template

from server.access import Audience, open_to
from server.context import now, parts, reader
from server.exercise.titles import titles_of
from server.office import accounts, failures, work
from server.office.alerts import find_alerts
from server.office.words import ROLES

bp = Blueprint("office", __name__, url_prefix="/office")


@bp.get("")
@open_to(Audience.ADMINISTRATOR)
def show() -> str:
    """Show it."""
    moment = now()
    alerts = find_alerts(reader(), moment)
    found = work.processes(reader(), moment, parts().settings.lease_seconds)
    return render_template(
        "office/show.html",
        alerts=alerts,
        titles=titles_of(alert.slug for alert in alerts),
        processes=[each for each in found if not each.is_silent],
        silent=sum(each.is_silent for each in found),
        open_ones=work.count_open(reader()),
        failed=failures.count(reader()),
        roles=ROLES,
        counts=accounts.count_by_role(reader()),
    )
