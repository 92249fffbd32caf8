"""``/healthz``, ``/readyz`` and ``/metrics`` of the portal, for programs that look after it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, request

from server.access import Audience, open_to
from server.db import Database
from server.health import requests
from server.health.census import Census
from server.health.checks import Checks, parts_of
from server.health.exposition import CONTENT_TYPE, Disk, Exposition
from server.health.listener import ALIVE, JSON, readiness
from server.health.observer import Observer
from server.settings import Settings
from server.store import Store
from server.submission import live

bp = Blueprint("health", __name__)


@dataclass(frozen=True)
class Health:
    """What looks after one portal."""

    observer: Observer
    exposition: Exposition
    checks: Checks
    #: what opens ``/metrics``; empty: nothing does
    token: str


def init_app(app: Flask, settings: Settings, database: Database, store: Store, observer: Observer) -> None:
    """Look after the application. Before everything else that looks at requests."""
    requests.init_app(app, observer.metrics, has_proxy=bool(settings.trusted_proxy))
    checks = Checks(parts_of(database, store.check), lambda: live.is_closing(app))
    census = Census(database, settings.lease_seconds, has_broker=bool(settings.broker_url))
    collectors = (checks, census, Disk(Path(settings.data_dir)))
    exposition = Exposition(observer.metrics, collectors)
    app.extensions["health"] = Health(observer, exposition, checks, settings.metrics_token)


def health() -> Health:
    """What looks after this portal."""
    return cast(Health, current_app.extensions["health"])


@bp.get("/healthz")
@open_to(Audience.ANYONE)
def alive() -> Response:
    """Say that this process answers. It asks nobody else."""
    return Response(ALIVE, mimetype=JSON)


@bp.get("/readyz")
@open_to(Audience.ANYONE)
def ready() -> Response:
    """Say whether everything that this process needs answers."""
    status, kind, body = readiness(health().checks)
    return Response(body, status, mimetype=kind)


@bp.get("/metrics")
@open_to(Audience.ANYONE)
def metrics() -> Response:
    """Tell the numbers, to whoever has the token. Behind a proxy everybody may come from this very machine."""
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    token = health().token
    if not token or scheme.lower() != "bearer" or not hmac.compare_digest(shown.strip().encode(), token.encode()):
        abort(404)
    return Response(health().exposition.write(), content_type=CONTENT_TYPE)
