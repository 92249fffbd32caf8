"""Pages of what was handed in: history, live state, report, the file itself."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, abort, jsonify, render_template, send_file, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from grader.errors import ExerciseError
from grader.report import Report, Verdict
from server import progress, render, rules, words
from server.access import Audience, open_to
from server.context import language, me, parts, reader
from server.exercises import my_attempts
from server.models import State, Submission
from server.store import StoreError

bp = Blueprint("submissions", __name__, url_prefix="/submissions")

#: source up to this size is shown on the page; anything can be downloaded
MAX_SHOWN = 100_000


@bp.get("")
@open_to(Audience.STUDENT)
def index() -> str:
    """Show everything that the student has handed in, newest first."""
    mine = select(Submission).where(Submission.user_id == me().id).order_by(Submission.created_at.desc()).limit(500)
    submissions = list(reader().scalars(mine))
    titles = {each.slug: title_of(each.slug) for each in submissions}
    return render_template("submissions.html", submissions=submissions, titles=titles)


@bp.get("/<id>")
@open_to(Audience.STUDENT)
def show(id: str) -> str:
    """Show one submission: how far its grading is, or the report."""
    submission = _find(id)
    attempts = my_attempts(submission.slug)
    return render_template(
        "submission.html",
        submission=submission,
        title=title_of(submission.slug),
        live=progress.look(reader(), submission) if submission.is_open else None,
        report=Report.from_store(submission.report) if submission.report else None,
        attempts=attempts,
        best=rules.best(attempts),
        source=_source(submission),
        Verdict=Verdict,
    )


@bp.get("/<id>/state")
@open_to(Audience.STUDENT)
def state(id: str) -> Response:
    """Say how far the grading is, for the page's script."""
    submission = _find(id)
    live = progress.look(reader(), submission)
    return jsonify(
        id=submission.id,
        state=submission.state,
        is_open=submission.is_open,
        summary=render_template("_summary.html", submission=submission, live=live).strip(),
        done=len(live.tests),
        total=live.total,
        tests=[_test_to_json(test) for test in live.tests],
        page=url_for("submissions.show", id=id),
    )


@bp.get("/<id>/file")
@open_to(Audience.STUDENT)
def file(id: str) -> Response:
    """Send back what was handed in, as a file to save: a browser must never run or show it."""
    submission = _find(id)
    try:
        content = parts().store.get(submission.blob)
    except StoreError:
        abort(404)
    return send_file(
        io.BytesIO(content),
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=submission.file_name,
    )


def _find(id: str) -> Submission:
    """The student's own submission; somebody else's is not there."""
    submission = reader().get(Submission, id)
    if submission is None or submission.user_id != me().id:
        abort(404)
    return submission


def title_of(slug: str) -> str:
    """An exercise's title in the reader's language; the slug when the exercise is gone."""
    try:
        return language().pick(parts().catalogue.find(slug).title)
    except ExerciseError:
        return slug


def _test_to_json(test: progress.Test) -> dict[str, Any]:
    return {
        "name": test.name,
        "title": language().pick(test.title) or test.name,
        "verdict": test.verdict,
        "word": language().gettext(words.VERDICTS[test.verdict]),
        "sign": words.SIGNS[test.verdict],
    }


def _source(submission: Submission) -> str:
    """The handed-in Python source, highlighted; empty for what is not shown."""
    if submission.state is State.RECEIVED or not submission.file_name.lower().endswith(".py"):
        return ""
    if submission.size > MAX_SHOWN:
        return ""
    try:
        return render.code(parts().store.get(submission.blob).decode("utf-8"))
    except (StoreError, UnicodeDecodeError):
        return ""
