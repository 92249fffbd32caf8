"""``gradiente serve``: the portal and its workers in one command, with a demo account at the first start."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click
from flask import Flask
from sqlalchemy import func, select
from waitress import create_server

from grader.errors import InfrastructureError
from grader.exercise import Catalogue
from grader.pool import Grader
from server import create_app, log
from server.account import identity
from server.context import Portal
from server.demo import Login, date_back, fill
from server.models import Role, User
from server.settings import keep_secret, read_settings
from server.submission import live
from server.worker import require_shared, warm_up

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
    log.set_up()
    signal.signal(signal.SIGTERM, _interrupt)
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(data_dir):
        config = {"SECRET_KEY": keep_secret(data_dir), **settings, "DATA_DIR": data_dir, "JOBS": jobs}
        if not grades:
            require_shared(read_settings(config))
            _run(config, None, host, port, catalogue, demo)
            return
        # Before waitress's threads and the dispatcher's.
        grader = warm_up(catalogue, jobs, datasets, gpus)
        try:
            _run(config, grader, host, port, catalogue, demo)
        finally:
            grader.close()


def _run(config: dict[str, Any], grader: Grader | None, host: str, port: int, catalogue: Catalogue, demo: bool) -> None:
    grade, gpus = (grader.grade, grader.ledger) if grader else (_grades_elsewhere, None)
    app = create_app(config, catalogue=catalogue, grade=grade, gpus=gpus)
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
    if grader:
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


def _grades_elsewhere(*upload: object, **options: object) -> NoReturn:
    raise InfrastructureError(
        "This portal grades nothing; gradiente worker does.",
        "Este portal não corrige; quem corrige é gradiente worker.",
    )


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


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Hold the data directory: a second portal would take this one's running gradings for abandoned."""
    descriptor = os.open(data_dir / "portal.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise InfrastructureError(
            f"Another portal uses {data_dir}. Stop it, or choose another folder with --instance.",
            f"Outro portal usa {data_dir}. Encerre-o ou escolha outra pasta com --instance.",
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)
