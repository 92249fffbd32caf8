"""Coming and going: sign up, log in, log out, language."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from grader.report import LANGUAGES
from server import log
from server.access import Audience, open_to
from server.account import identity, invitations
from server.account.entry import address, enter, home, target
from server.account.passwords import is_password, keep_hash_strong
from server.account.throttle import Kind, forget_try, is_throttled, note_try, take_try
from server.context import COOKIE, TOKEN, _, me, now, parts, reader, user
from server.course import invited
from server.course.membership import role_in
from server.models import Course, Invitation, Membership, Role
from server.office.words import ROLES

bp = Blueprint("account", __name__)

Page = str | Response | tuple[str, int]

YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Form:
    """What somebody typed to make an account; the passwords are never shown again."""

    login: str = ""
    name: str = ""
    email: str = ""


@bp.route("/sign-up", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def sign_up() -> Page:
    """Make an account and log it in."""
    if not parts().settings.registration:
        abort(404)
    return _sign_up(None)


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def accept(token: str) -> Page:
    """Make an account by invitation, whether registration is open or not."""
    invitation = invitations.find_invitation(reader(), token)
    course = invited.find_course(reader(), invitation)
    if course and invitation and user() and not invited.gives_more(invitation, _part(course)):
        if role_in(reader(), me(), course) is None:  # it is over, and students see it no longer
            return _show_refusal(invitations.Refusal.OVER)
        flash(_("You take part in this course already."))
        return redirect(url_for("courses.show", course=course.code))
    if refusal := invitations.check_invitation(invitation, now()):
        return _show_refusal(refusal)
    if course and course.archived_at:
        return _show_refusal(invitations.Refusal.OVER)
    if course and invitation and user():
        return _join(course, invitation)
    if user():
        flash(_("You are logged in already. Log out first to make another account by this invitation."))
    return _sign_up(invitation)


def _part(course: Course) -> Membership | None:
    return invited.find_part(reader(), course, me())


def _join(course: Course, invitation: Invitation) -> Page:
    """Ask whoever has an account whether to join a course, and let them."""
    part = _part(course)
    if request.method == "GET":
        return render_template("course/join.html", joined=course, invitation=invitation, part=part, roles=ROLES)
    with parts().database.write() as writer:
        refusal = invited.join(writer, invitation, course, me(), now())
    if refusal:
        return _show_refusal(refusal)
    log.note("course joined", me().id)
    flash(_("You take part in %(course)s now.") % {"course": course.title})
    return redirect(url_for("courses.show", course=course.code))


def _sign_up(invitation: Invitation | None) -> Page:
    if request.method == "GET":
        return redirect(home()) if user() else _show_form(Form(), {}, invitation)
    form = Form(
        identity.clean_login(request.form.get("login", "")),
        identity.clean_name(request.form.get("name", "")),
        identity.clean_login(request.form.get("email", "")),
    )
    password, repeated = request.form.get("password", ""), request.form.get("repeated", "")
    if problems := identity.check_sign_up(form.login, form.name, password, repeated, form.email):
        return _show_form(form, problems, invitation), 400
    if is_throttled(reader(), Kind.SIGN_UP, form.login, address(), now()):
        log.note("sign-up held back", None)
        abort(429)
    return _make_account(form, password, invitation)


def _make_account(form: Form, password: str, invitation: Invitation | None) -> Page:
    course = invited.find_course(reader(), invitation)
    # A course's invitation says what somebody is there; in the portal they are a student.
    role = invitation.role if invitation and not course else Role.STUDENT
    made = identity.sign_up(form.login, form.name, password, now(), email=form.email, role=role)
    with parts().database.write() as writer:
        note_try(writer, Kind.SIGN_UP, form.login, address(), now())
    try:
        with parts().database.write() as writer:
            if problems := identity.check_taken(writer, form.login, form.email):
                return _show_form(form, problems, invitation), 400
            if invitation and not invitations.use_invitation(writer, invitation, now()):
                return _show_refusal(invitations.Refusal.USED_UP)
            writer.add(made)
            if invitation and course:
                writer.flush()
                invited.add(writer, invitation, course, made, now())
    except IntegrityError:  # another one was quicker, on a database where both look first
        return _show_form(form, {"login": identity.LOGIN_TAKEN}, invitation), 400
    log.note("account made", made.id)
    enter(made)
    return redirect(url_for("courses.show", course=course.code) if course else home())


def _show_form(form: Form, problems: dict[str, str], invitation: Invitation | None) -> str:
    course = invited.find_course(reader(), invitation)
    return render_template("sign_up.html", values=form, problems=problems, invitation=invitation, joined=course)


def _show_refusal(refusal: invitations.Refusal) -> Page:
    status = 404 if refusal is invitations.Refusal.UNKNOWN else 410
    return render_template("invitation.html", text=refusal.value), status


@bp.route("/log-in", methods=["GET", "POST"])
@open_to(Audience.ANYONE)
def log_in() -> Page:
    """Log in and go on to the page that was asked for."""
    if request.method == "GET":
        return redirect(target()) if user() else render_template("log_in.html", login="", problem="")
    typed = identity.clean_login(request.form.get("login", ""))
    found = identity.find_account(reader(), typed)
    # By the account: name and address are not tried one after the other to guess more often.
    key = found.login if found else typed
    with parts().database.write() as writer:
        number = take_try(writer, Kind.LOG_IN, key, address(), now())
    if number is None:
        log.note("log-in held back", found.id if found else None)
        problem = _("Too many attempts. Wait a quarter of an hour, then try again.")
        return render_template("log_in.html", login=typed, problem=problem), 429
    password = request.form.get("password", "")
    if not is_password(found, password) or found is None:
        log.note("log-in refused", found.id if found else None)
        problem = _("User name or password are wrong.")
        return render_template("log_in.html", login=typed, problem=problem), 400
    with parts().database.write() as writer:
        forget_try(writer, number)
        keep_hash_strong(writer, found, password)
    enter(found)
    return redirect(target())


@bp.post("/log-out")
@open_to(Audience.ANYONE)
def log_out() -> Page:
    """End the log-in, here and in the database."""
    account = user()
    if token := session.get(TOKEN):
        with parts().database.write() as writer:
            identity.close_log_in(writer, token)
        log.note("log-out", account.id if account else None)
    session.clear()
    flash(_("You have logged out."))
    return redirect(url_for("account.log_in"))


@bp.post("/language")
@open_to(Audience.ANYONE)
def change_language() -> Page:
    """Remember the language, in the account or in a cookie, and return to the page."""
    tag = request.form.get("language", "")
    if tag not in LANGUAGES:
        abort(400)
    account = user()
    if account is not None:
        with parts().database.write() as writer:
            writer.merge(account).language = tag
    response = redirect(target())
    is_https = parts().settings.is_https
    response.set_cookie(COOKIE, tag, max_age=YEAR, httponly=True, samesite="Lax", secure=is_https)
    return response
