"""``gradiente serve``: the portal and its workers in one command, with a demo account at the first start."""

from __future__ import annotations

import secrets
import signal
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click
from flask import Flask
from sqlalchemy import func, select
from waitress import create_server

from grader.exercise import Catalogue
from grader.pool import Grader
from server import create_app, log
from server.account import identity
from server.context import Portal
from server.db import require_shared
from server.demo import Login, date_back, fill
from server.health.beside import show_grader
from server.instance import alone
from server.models import Role, User
from server.settings import keep_secret, read_settings
from server.submission import live

DEMO_LOGIN, DEMO_NAME = "aluna", "Aluna"

#: a page, a download or a poll each takes one for some milliseconds
THREADS = 32


def serve(
    host: str,
    port: int,
    data_dir: Path,
    jobs: int,
    catalogue: Catalogue,
    *,
    datasets: Path | None = None,
    gpus: str = "all",
    demo: bool = False,
    grades: bool = True,
    **settings: Any,
) -> None:
    """Serve until interrupted. ``settings`` are those of ``server.settings``, with upper-case names.

    Without ``grades``, what is received waits for workers of their own, which need a shared database.
    Raises InfrastructureError when another portal uses the data directory or this host cannot grade.
    """
    log.set_up(read_settings(settings).log_format)
    signal.signal(signal.SIGTERM, _interrupt)
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(data_dir):
        config = {"SECRET_KEY": keep_secret(data_dir), **settings, "DATA_DIR": data_dir, "JOBS": jobs}
        if not grades:
            require_shared(read_settings(config).database)
            _run(config, None, host, port, catalogue, demo)
            return
        # Before waitress's threads and the dispatcher's.
        grader = Grader.on_this_host(catalogue, jobs=jobs, data=datasets, gpus=gpus)
        try:
            _run(config, grader, host, port, catalogue, demo)
        finally:
            grader.close()


def _run(config: dict[str, Any], grader: Grader | None, host: str, port: int, catalogue: Catalogue, demo: bool) -> None:
    grade, gpus = (grader.grade, grader.ledger) if grader else (None, None)
    app = create_app(config, catalogue=catalogue, grade=grade, gpus=gpus)
    if grader:
        show_grader(app.extensions["health"].exposition, app.extensions["portal"].dispatcher, grader)
    portal: Portal = app.extensions["portal"]
    portal.database.migrate()
    logins = add_demo(portal, demo)
    server = create_server(
        app,
        host=host,
        port=port,
        threads=THREADS,
        ident=None,
        max_request_body_size=8 * portal.settings.max_upload,
        **proxy_options(portal.settings.trusted_proxy),
    )
    _greet(host, server.effective_port, logins)
    _end_streams_at_stop(app)
    portal.dispatcher.start()
    try:
        # Ends at the interrupt, when the requests that run are done.
        server.run()
    finally:
        server.close()
        portal.dispatcher.close()
        # Ends the gradings that the threads still wait for; what comes of them is no longer recorded.
        if grader:
            grader.close()
        portal.dispatcher.join(5)
        portal.post.close()
        portal.database.close()


def proxy_options(address: str) -> dict[str, Any]:
    """The web server's options for a reverse proxy: without them all students would come from its address."""
    if not address:
        return {}
    headers = {"x-forwarded-for", "x-forwarded-proto"}
    return {"trusted_proxy": address, "trusted_proxy_count": 1, "trusted_proxy_headers": headers}


def _end_streams_at_stop(app: Flask) -> None:
    """Before the server waits for its threads, tell those that hold a page's stream."""

    def stop(number: int, frame: FrameType | None) -> None:
        live.close(app)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def add_demo(portal: Portal, with_course: bool = False) -> list[Login]:
    """Make the demo account, or a whole course, if there is no account at all. Only hashes of passwords are kept."""
    now = datetime.now(UTC)
    with portal.database.write() as session:
        if with_course:
            portal.dispatcher.listeners.append(date_back)
            return fill(session, portal.store, portal.catalogue, now)
        if session.scalar(select(func.count()).select_from(User)):
            return []
        login = Login(DEMO_LOGIN, secrets.token_urlsafe(9), Role.STUDENT)
        session.add(identity.sign_up(login.name, DEMO_NAME, login.password, now))
    return [login]


def _greet(host: str, port: int, logins: list[Login]) -> None:
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Gradiente: http://{shown}:{port}")
    for login in logins:
        click.echo(f"Demo account: user name {login.name}, password {login.password} (shown only now)")
    click.echo("Stop with Ctrl+C.")
