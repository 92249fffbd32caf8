"""The page of what is kept for how long: a preview of what would go, and the button that deletes it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from server import log
from server.access import Audience, open_to
from server.context import _, me, ngettext, now, parts, reader
from server.office import retention
from server.office.log import Action, write
from server.office.retention import Preview, Rules
from server.store import StoreError
from server.store.audit import collect

bp = Blueprint("office_retention", __name__, url_prefix="/office/retention")


@bp.get("")
@open_to(Audience.ADMINISTRATOR)
def show() -> str:
    """Show the rules, and what would go."""
    found = retention.preview(reader(), rules(), now())
    return render_template("office/retention.html", rules=rules(), preview=found)


def rules() -> Rules:
    """What the operator has set."""
    settings = parts().settings
    return Rules(settings.keep_submissions_days, settings.keep_log_days)


@bp.post("")
@open_to(Audience.ADMINISTRATOR)
def run() -> Response:
    """Delete what is over its time."""
    _done, files = delete_old_data()
    if files is None:
        flash(_("Some files could not be deleted; the portal's own log says why. Try again later."))
        return redirect(url_for("office_retention.show"))
    flash(ngettext("Done. %(n)s file was deleted.", "Done. %(n)s files were deleted.", files) % {"n": files})
    return redirect(url_for("office_retention.show"))


def delete_old_data() -> tuple[Preview, int | None]:
    """Delete what is over its time; says what, and how many files went, or None where the store refused."""
    with parts().database.write() as writer:
        done = retention.run(writer, rules(), now())
        counts: dict[str, Any] = {"submissions": done.submissions, "log_entries": done.log_entries}
        write(writer, Action.RETENTION_RUN, me().id, now(), expired=done.expired, **counts)
    log.note("old data deleted", me().id)
    try:
        return done, collect(parts().database, parts().store).deleted
    except StoreError:
        current_app.logger.exception("files could not be deleted")
        return done, None
