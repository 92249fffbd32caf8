"""The page of the queue: who grades, what is graded now, what waits. It keeps itself current."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template

from server.access import Audience, open_to
from server.context import language, now, parts, reader
from server.exercise.titles import titles_of
from server.office import work
from server.office.words import lasted
from server.office.work import Look
from server.submission.live import duration, watch

bp = Blueprint("office_queue", __name__, url_prefix="/office/queue")


@bp.get("")
@open_to(Audience.ADMINISTRATOR)
def show() -> str:
    """Show it. The page's script asks for it again and again and exchanges what has changed."""
    moment = now()
    found = look(moment)
    return render_template(
        "office/queue.html",
        moment_now=moment,
        processes=found.processes,
        running=found.running,
        waiting=found.waiting,
        count_waiting=found.count_waiting,
        titles=titles_of({each.slug for each in (*found.running, *found.waiting)}),
        since=lambda at: lasted((moment - at).total_seconds(), language()),
        about=duration,
    )


def look(moment: datetime) -> Look:
    """Everything that there is to see at this moment."""
    places = watch().forecast.places(reader(), moment)
    return work.look(reader(), places, parts().settings.lease_seconds, moment)
