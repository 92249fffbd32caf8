"""Log-in by an institution's OpenID provider: authorization code flow with PKCE, state and nonce, by Authlib."""

from __future__ import annotations

import time
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, session, url_for
from joserfc.errors import JoseError
from requests import RequestException
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from server import log
from server.access import Audience, open_to
from server.account.claims import Claims, find_user_of, link, make_user, read_claims
from server.account.entry import enter, home, link_to, target
from server.account.reset import tell_of_change
from server.context import _, me, now, parts, reader, user
from server.i18n import mark
from server.models import User
from server.settings import Settings

bp = Blueprint("oidc", __name__)

Page = str | Response | tuple[str, int]

NAME = "institution"
#: seconds for one answer of the provider
TIMEOUT = 8.0
#: seconds for which its description and its keys are believed
FRESH = 3600.0
#: signatures that only the provider can make; a token without one, or with one of our own secret's, is refused
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")

#: where to go on to, and whose account is about to be linked to what, between two requests
ONWARD, PENDING = "onward", "pending_link"
#: seconds for which the question whether to link can be answered
PENDING_LIFE = 600

DOWN = mark("Your institution's log-in does not answer. Try again in a while, or log in with a password.")
STALE = mark("This log-in was already used, took too long or began in another window. Please start again.")
DENIED = mark("Your institution did not log you in. Try again, or log in with a password.")
DOUBTFUL = mark(
    "What your institution's log-in answered could not be verified. Nobody was logged in. Please start again."
)
OTHERS = mark("This account of your institution opens another account here. Log out to use it.")


def init_app(app: Flask, settings: Settings) -> None:
    """Register the provider that the operator has set, if any. It is asked only when somebody logs in."""
    if not settings.oidc_issuer:
        return
    app.extensions[NAME] = OAuth(app).register(
        NAME,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or None,
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
    )


class Untrusted(Exception):
    """The provider's answer is not what it must be."""


@bp.get("/log-in/institution")
@open_to(Audience.ANYONE)
def start() -> Page:
    """Go to the institution's log-in. A link, no form: forms may lead nowhere else."""
    client = _client()
    _forget_starts()
    session[ONWARD] = target()
    try:
        _describe(client)
        answer: Response = client.authorize_redirect(link_to("oidc.finish"))
    except (RequestException, AuthlibBaseError, Untrusted, ValueError, KeyError, RuntimeError) as error:
        return _refuse(DOWN, 502, error)
    return answer


@bp.get("/log-in/institution/back")
@open_to(Audience.ANYONE)
def finish() -> Page:
    """Come back from there: verify what it says, then log in, make the account or ask whether to link."""
    client = _client()
    try:
        claims = _fetch_claims(client)
    except MismatchingStateError as error:
        return _refuse(STALE, 400, error)
    except RequestException as error:
        return _refuse(DOWN, 502, error)
    except AuthlibBaseError as error:
        return _refuse(DENIED, 400, error)
    except (JoseError, Untrusted, ValueError, KeyError, TypeError, RuntimeError) as error:
        return _refuse(DOUBTFUL, 400, error)
    return _offer_link(claims) if user() else _log_in(claims)


def _fetch_claims(client: Any) -> Claims:
    """Exchange the code for an ID token and verify it: signature, issuer, audience, expiry and nonce."""
    metadata = _describe(client)
    expected = {
        "iss": {"essential": True, "value": metadata["issuer"]},
        "aud": {"essential": True, "value": client.client_id},
        "sub": {"essential": True},
        "exp": {"essential": True},
    }
    token = client.authorize_access_token(claims_options=expected)
    if not token.get("userinfo"):
        raise Untrusted("there is no ID token")
    claims = read_claims(parts().settings.oidc_issuer, token["userinfo"])
    if not claims.subject or len(claims.subject) > 255:
        raise Untrusted("the subject is no subject")
    return claims


def _describe(client: Any) -> dict[str, Any]:
    """The provider's description, asked for anew when it is old: keys change."""
    known: dict[str, Any] = client.server_metadata
    if known.get("_loaded_at", 0) < time.time() - FRESH:
        known.pop("_loaded_at", None)
        known.pop("jwks", None)
    found: dict[str, Any] = client.load_server_metadata()
    if str(found.get("issuer")).rstrip("/") != parts().settings.oidc_issuer.rstrip("/"):
        found.pop("_loaded_at", None)
        raise Untrusted(f"the provider calls itself {found.get('issuer')!r}; oidc_issuer says otherwise")
    offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
    found["id_token_signing_alg_values_supported"] = [each for each in offered if each in ALGORITHMS]
    return found


def _log_in(claims: Claims) -> Page:
    onward = session.get(ONWARD) or home()
    found = find_user_of(reader(), claims)
    enter(found or _make_account(claims))
    return redirect(onward)


def _make_account(claims: Claims) -> User:
    with parts().database.write() as writer:
        # Again: somebody may have come back twice at the same time.
        return find_user_of(writer, claims) or make_user(writer, claims, now())


def _offer_link(claims: Claims) -> Page:
    found = find_user_of(reader(), claims)
    if found is None:
        pending = {"user": me().id, "issuer": claims.issuer, "subject": claims.subject, "label": claims.label}
        session[PENDING] = pending | {"until": time.time() + PENDING_LIFE}
        return redirect(url_for("oidc.confirm"))
    if found.id != me().id:
        flash(_(OTHERS))
    return redirect(url_for("profile.show"))


@bp.get("/account/institution")
@open_to(Audience.STUDENT)
def confirm() -> Page:
    """Ask before linking: a planted log-in at the institution must not get into somebody's account here."""
    pending = _pending()
    return render_template("link.html", label=pending["label"]) if pending else redirect(url_for("profile.show"))


@bp.post("/account/institution")
@open_to(Audience.STUDENT)
def connect() -> Page:
    """Let the institution's account open this one from now on."""
    pending = _pending()
    session.pop(PENDING, None)
    if pending is None:
        flash(_(STALE))
        return redirect(url_for("profile.show"))
    try:
        with parts().database.write() as writer:
            link(writer, me().id, pending["issuer"], pending["subject"], now())
        log.note("institution's account linked", me().id)
    except IntegrityError:
        flash(_(OTHERS))
    else:
        tell_of_change(me().id, me().email)
        flash(_("Linked. From now on your institution's log-in opens this account."))
    return redirect(url_for("profile.show"))


def _pending() -> dict[str, Any] | None:
    found: dict[str, Any] | None = session.get(PENDING)
    return found if found and found["user"] == me().id and found["until"] > time.time() else None


def _client() -> Any:
    return current_app.extensions.get(NAME) or abort(404)


def _forget_starts() -> None:
    """Drop log-ins that were begun and not finished: the cookie has room for few."""
    for key in [each for each in session if each.startswith(f"_state_{NAME}_")]:
        del session[key]


def _refuse(text: str, status: int, error: Exception) -> Page:
    # Without the values: an answer may carry codes and tokens.
    current_app.logger.warning("log-in by the institution: %s", type(error).__name__)
    log.note("log-in by the institution refused", None)
    if user():
        flash(_(text))
        return redirect(url_for("profile.show"))
    return render_template("log_in.html", login="", problem=_(text)), status
