"""Pages of one exercise: statement, downloads, handing in."""

from __future__ import annotations

import io
import secrets

from flask import Blueprint, abort, current_app, redirect, render_template, request, send_file, url_for
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from grader.exercise import Exercise, is_slug
from server import render, rules
from server.access import Audience, open_to
from server.context import _, language, me, now, parts, reader, renew_reader, user
from server.course import deadline, policy
from server.course.deadline import Deadline
from server.course.offer import Offer, Use, find_offer, use_of
from server.course.place import local_to
from server.course.results import points_of
from server.course.terms import has_leaderboard
from server.exercise import download
from server.i18n import mark
from server.models import Counting, Submission
from server.store import StoreError
from server.submission import veil
from server.submission.intake import Draft, Refused
from server.submission.receiving import receive

bp = Blueprint("exercises", __name__, url_prefix="/exercises/<slug>")

Page = str | Response | tuple[str, int]

NOT_KEPT = mark("Your submission could not be saved, so it was not received. Please send it again in a moment.")

#: handed-in code up to this size can be taken back into the editor
MAX_LOADED = 100_000


@bp.get("")
@open_to(Audience.ANYONE)
def show(slug: str) -> Page:
    """Show the statement, the way to hand in, and what was handed in so far; ``?code=last`` in the editor."""
    exercise = find(slug)
    last = find_last(my_attempts(slug)) if request.args.get("code") == "last" else None
    return _page(exercise, code=_read(last) if last else "")


@bp.get("/download")
@open_to(Audience.ANYONE)
def download_folder(slug: str) -> Response:
    """Send the exercise's public files as a folder that checks itself with pytest."""
    packed = download.pack(find(slug))
    return _send(packed, "application/zip", f"{slug}.zip")


@bp.get("/notebook")
@open_to(Audience.ANYONE)
def download_notebook(slug: str) -> Response:
    """Send the exercise as a notebook in the reader's language."""
    return _send(download.notebook(find(slug), language()), "application/x-ipynb+json", f"{slug}.ipynb")


def _send(content: bytes, kind: str, name: str) -> Response:
    return send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name)


@bp.post("")
@open_to(Audience.STUDENT)
def submit(slug: str) -> Page:
    """Take a submission in and go to its page."""
    exercise = find(slug)
    code = request.form.get("code", "")
    try:
        draft = _read_draft(exercise, code)
        received = receive(draft)
    except Refused as refused:
        return _page(exercise, problem=_(refused.refusal.value), code=code), 400
    except (StoreError, SQLAlchemyError):
        current_app.logger.exception("a submission to %s could not be kept", slug)
        renew_reader()
        return _page(exercise, problem=_(NOT_KEPT), code=code), 503
    parts().dispatcher.wake()
    return redirect(url_for("submissions.show", id=received.id))


def _read_draft(exercise: Exercise, code: str) -> Draft:
    """Read the form: a file or code, not both; the stub as it was given is no code. Raises Refused."""
    file = request.files.get("file")
    form_key = request.form.get("form_key", "")[:64] or secrets.token_urlsafe(16)
    if file is not None and file.filename:
        if code.strip() and not is_stub(exercise, code):
            raise Refused(rules.Refusal.TWO_THINGS)
        return draft_of_file(exercise, file.filename, file.read(), form_key)
    return draft_of_code(exercise, code, form_key)


def is_stub(exercise: Exercise, code: str) -> bool:
    """Whether code is the stub as it was given. Browsers send CRLF; the file that a student has has LF."""
    return code.replace("\r\n", "\n").strip() == read_stub(exercise).strip()


def draft_of_file(exercise: Exercise, name: str, content: bytes, form_key: str) -> Draft:
    """What the user wants to hand in, as a file."""
    return Draft(me().id, exercise.slug, rules.clean_name(name), content, form_key)


def draft_of_code(exercise: Exercise, code: str, form_key: str) -> Draft:
    """What the user wants to hand in, as code. Raises Refused."""
    if not code.strip():
        raise Refused(rules.Refusal.NOTHING)
    if is_stub(exercise, code):
        raise Refused(rules.Refusal.STUB)
    return Draft(me().id, exercise.slug, f"{exercise.slug}.py", code.replace("\r\n", "\n").encode(), form_key)


def _page(exercise: Exercise, problem: str = "", code: str = "") -> str:
    mine = my_attempts(exercise.slug)
    stub = read_stub(exercise)
    account = user()
    offer = find_offer(reader(), exercise.slug, account.id if account else None, now())
    local, worth = local_to(offer.course), worth_of(offer)
    use = use_of(reader(), offer, account.id, exercise.slug) if account else Use()
    return render_template(
        "exercise.html",
        exercise=exercise,
        statement=render.statement(exercise.statement(language().tag)),
        stub=stub,
        stub_html=render.code(stub),
        attempts=mine,
        best=choose(offer, mine),
        last=find_last(mine),
        offer=offer,
        deadline=Deadline(offer.terms, now(), use.attempts, use.last_at, offer.late_days),
        local=local,
        worth=worth,
        sentences=policy.sentences(offer.terms, worth, offer.late_days, local),
        problem=problem,
        code=code,
        form_key=secrets.token_urlsafe(16),
        max_upload=parts().settings.max_upload,
        endings=rules.ENDINGS,
        deadlines=deadline,
        has_leaderboard=parts().settings.leaderboard and has_leaderboard(offer.terms, now()),
        Refusal=rules.Refusal,
    )


def worth_of(offer: Offer) -> float | None:
    """Points of an assignment; None: there are none, or nobody knows yet."""
    return points_of(reader(), [offer.assignment])[offer.assignment.id] if offer.assignment else None


def choose(offer: Offer, attempts: list[Submission]) -> Submission | None:
    """The attempt that counts, as far as the student may know; None: none does yet."""
    own = [each for each in attempts if offer.counts_for in (None, each.assignment_id)]
    return rules.last(own) if offer.terms.counting is Counting.LAST else rules.best(own)


def read_stub(exercise: Exercise) -> str:
    """The stub's source."""
    return exercise.stub.read_text(encoding="utf-8") if exercise.stub.is_file() else ""


def find_last(attempts: list[Submission]) -> Submission | None:
    """The newest attempt whose code fits into the editor; ``attempts`` are the newest first."""
    return next((each for each in attempts if each.file_name.lower().endswith(".py") and each.size <= MAX_LOADED), None)


def _read(submission: Submission) -> str:
    """The code of a submission; empty for what is no text."""
    try:
        return parts().store.get(submission.blob).decode("utf-8")
    except (StoreError, UnicodeDecodeError):
        return ""


def my_attempts(slug: str) -> list[Submission]:
    """The user's submissions to an exercise, newest first."""
    account = user()
    if account is None:
        return []
    mine = (Submission.user_id == account.id) & (Submission.slug == slug)
    found = list(reader().scalars(select(Submission).where(mine).order_by(Submission.attempt.desc())))
    veil.draw(reader(), found, now())
    return found


def find(slug: str) -> Exercise:
    """The exercise of an address; where there is none, that is what is answered."""
    if not is_slug(slug) or slug not in parts().catalogue.slugs():
        abort(404)
    return parts().catalogue.find(slug)
