"""The page of failed gradings: their causes, each of them, and another try."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from grader.report import Owner
from server.access import Audience, open_to
from server.context import _, me, ngettext, now, parts, reader
from server.exercise.titles import titles_of
from server.office import failures
from server.office.failures import Filter
from server.office.listing import cut_rows
from server.office.words import OWNERS

bp = Blueprint("office_failures", __name__, url_prefix="/office/failures")


@bp.get("")
@open_to(Audience.ADMINISTRATOR)
def index() -> str:
    """Show what hinders gradings, and every one of them."""
    wanted = _read_filter()
    page = cut_rows(reader(), failures.find(reader(), wanted), request.args.get("page", 1, type=int))
    causes = failures.causes(reader())
    slugs = {row.slug for row in (*causes, *page.entries)} | ({wanted.slug} if wanted.slug else set())
    return render_template(
        "office/failures.html",
        causes=causes,
        page=page,
        wanted=wanted,
        owners=OWNERS,
        titles=titles_of(slugs),
        slugs=parts().catalogue.slugs(),
    )


def _read_filter() -> Filter:
    owner = request.args.get("owner", "")
    if owner and owner not in list(Owner):
        abort(400)
    return Filter(Owner(owner) if owner else None, request.args.get("exercise", ""), request.args.get("like", ""))


@bp.post("/<id>/retry")
@open_to(Audience.ADMINISTRATOR)
def retry(id: str) -> Response:
    """Put one back into the line."""
    with parts().database.write() as writer:
        if not failures.retry_one(writer, id, me().id, now()):
            abort(404)
    parts().dispatcher.wake()
    flash(_("It is in the line again. It stays the attempt that it was."))
    return redirect(url_for("office_failures.index"))


@bp.post("/<id>/retry-all")
@open_to(Audience.ADMINISTRATOR)
def retry_all(id: str) -> Response:
    """Put all back into the line that failed for the same cause as this one."""
    with parts().database.write() as writer:
        count = failures.retry_like(writer, id, me().id, now())
        if not count:
            abort(404)
    parts().dispatcher.wake()
    flash(
        ngettext("%(n)s grading is in the line again.", "%(n)s gradings are in the line again.", count) % {"n": count}
    )
    return redirect(url_for("office_failures.index"))
