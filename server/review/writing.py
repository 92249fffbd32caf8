"""Takes a review: saves it, publishes it or takes it back, remarks on a line, answers the student."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import abort, flash, redirect, request, url_for

from server.access import Audience, open_to
from server.context import _, me, now, parts
from server.context import course as course_of_path
from server.i18n import mark
from server.models import Submission
from server.review import asking, change, record
from server.review.blueprint import Page, bp, chosen, find_submission, read_source
from server.review.change import (
    ACTIONS,
    DECLINE,
    GRANT,
    PUBLISHED,
    REMARK,
    REMOVE,
    SAVED,
    TAKEN_BACK,
    By,
    Change,
    Problems,
)

DONE = {
    SAVED: mark("Saved."),
    PUBLISHED: mark("The review is published. The student can read it now."),
    TAKEN_BACK: mark("The review is a draft again. The student no longer sees it."),
    REMARK: mark("The remark is saved."),
    REMOVE: mark("The remark is removed."),
    GRANT: mark("The request is granted. The student can read your answer."),
    DECLINE: mark("The request is declined. The student can read your answer."),
}


@bp.post("/<id>")
@open_to(Audience.STAFF)
def save(course: str, id: str) -> Page:
    """Save a review. Every button saves all that was typed, so that none of them loses something."""
    # The page takes its routes from both modules.
    from server.review.pages import page

    submission, assignment = find_submission(id)
    typed = _read()
    place, line = (request.form.get(name, "").strip() for name in ("place", "line"))
    try:
        if typed.action == REMARK:
            typed = replace(typed, spot=_find_line(submission, place or "0", line))
        change.check(typed)
        with parts().database.write() as session:
            by = By(course_of_path().id, me().id, now())
            change.write(session, session.get_one(Submission, submission.id), typed, by)
    except Problems as error:
        status = 409 if "version" in error.problems else 400
        return page(submission, assignment, error.problems, {**vars(typed), "place": place, "line": line}), status
    flash(_(DONE[typed.action]))
    fragment = {REMARK: f"line-{place or 0}-{line}", REMOVE: "code"}.get(typed.action)
    words: dict[str, Any] = chosen().arguments()
    return redirect(url_for("reviews.show", course=course, id=id, _anchor=fragment, **words))


def _read() -> Change:
    form = request.form
    action, _sign, remark = form.get("action", SAVED).partition(":")
    if action not in ACTIONS or (action == REMOVE and not _is_number(remark)):
        abort(400)
    return Change(
        action=action,
        remark=int(remark or 0),
        version=form.get("version", ""),
        comment=asking.clean(form.get("comment", "")),
        items=frozenset(int(item) for item in form.getlist("item") if _is_number(item)),
        text=asking.clean(form.get("text", "")),
        answer=asking.clean(form.get("answer", "")),
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _find_line(submission: Submission, place: str, line: str) -> tuple[str, int]:
    """The file and the line that a remark is about: a part of what was handed in, and the line that it shows."""
    source = read_source(submission)
    known = source is not None and _is_number(place) and _is_number(line)
    spot = source.find(int(place), int(line)) if source and known else None
    if spot is None:
        raise Problems(line=record.NO_LINE)
    return spot
