"""Pages of one exercise: statement, download, handing in."""

from __future__ import annotations

import io
import secrets
import zipfile

from flask import Blueprint, abort, current_app, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from grader.exercise import READMES, Exercise, is_slug
from server import render, rules
from server.access import Audience, open_to
from server.context import _, language, me, now, parts, reader, user
from server.intake import Draft, Refused, hand_in
from server.models import Submission

bp = Blueprint("exercises", __name__, url_prefix="/exercises/<slug>")

Page = str | Response | tuple[str, int]

#: makes the unpacked folder pytest's root, so that it finds the conftest.py when called inside the exercise's folder
PYTEST_INI = "[pytest]\n"


@bp.get("")
@open_to(Audience.ANYONE)
def show(slug: str) -> Page:
    """Show the statement, the way to hand in, and what was handed in so far."""
    return _page(_find(slug))


@bp.get("/download")
@open_to(Audience.ANYONE)
def download(slug: str) -> Response:
    """Send the exercise's public files as a folder that checks itself with pytest."""
    packed = io.BytesIO(pack(_find(slug)))
    return send_file(packed, mimetype="application/zip", as_attachment=True, download_name=f"{slug}.zip")


@bp.post("")
@open_to(Audience.STUDENT)
def submit(slug: str) -> Page:
    """Take a submission in and go to its page."""
    exercise = _find(slug)
    code = request.form.get("code", "")
    try:
        draft = _read_draft(slug, code)
        submission = hand_in(parts().database, parts().store, parts().settings, draft, now())
    except Refused as refused:
        return _page(exercise, problem=_(refused.refusal.value), code=code), 400
    except (OSError, SQLAlchemyError):
        current_app.logger.exception("a submission to %s could not be kept", slug)
        problem = _("Your submission could not be saved, so it was not received. Please send it again in a moment.")
        return _page(exercise, problem=problem, code=code), 503
    parts().dispatcher.wake()
    return redirect(url_for("submissions.show", id=submission))


def _read_draft(slug: str, code: str) -> Draft:
    """Read the form: a file or pasted code, not both. Raises Refused."""
    file = request.files.get("file")
    form_key = request.form.get("form_key", "")[:64] or secrets.token_urlsafe(16)
    has_file = file is not None and bool(file.filename)
    if has_file and code.strip():
        raise Refused(rules.Refusal.TWO_THINGS)
    if file is not None and file.filename:
        return Draft(me().id, slug, rules.clean_name(file.filename), file.read(), form_key)
    if not code.strip():
        raise Refused(rules.Refusal.NOTHING)
    # Browsers send CRLF; the file that a student has has LF.
    return Draft(me().id, slug, f"{slug}.py", code.replace("\r\n", "\n").encode(), form_key)


def _page(exercise: Exercise, problem: str = "", code: str = "") -> str:
    mine = my_attempts(exercise.slug)
    return render_template(
        "exercise.html",
        exercise=exercise,
        statement=render.statement(exercise.statement(language().tag)),
        attempts=mine,
        best=rules.best(mine),
        problem=problem,
        code=code,
        form_key=secrets.token_urlsafe(16),
        max_upload=parts().settings.max_upload,
        endings=rules.ENDINGS,
    )


def my_attempts(slug: str) -> list[Submission]:
    """The user's submissions to an exercise, newest first."""
    account = user()
    if account is None:
        return []
    mine = (Submission.user_id == account.id) & (Submission.slug == slug)
    return list(reader().scalars(select(Submission).where(mine).order_by(Submission.attempt.desc())))


def _find(slug: str) -> Exercise:
    if not is_slug(slug) or slug not in parts().catalogue.slugs():
        abort(404)
    return parts().catalogue.find(slug)


def pack(exercise: Exercise) -> bytes:
    """Pack what students need: the exercise's folder with the shared conftest.py beside it."""
    statements = [exercise.folder / name for name in READMES.values()]
    files = [path for path in [*statements, exercise.stub, exercise.public_tests] if path.is_file()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pytest.ini", PYTEST_INI)
        archive.writestr("conftest.py", exercise.shared.read_bytes())
        for path in files:
            archive.writestr(f"{exercise.slug}/{path.name}", path.read_bytes())
    return packed.getvalue()
