"""``gradiente serve``: the portal and its workers in one command, with a demo account at the first start."""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click
from sqlalchemy import func, select
from waitress import create_server

from grader.errors import InfrastructureError
from grader.exercise import Catalogue
from grader.pool import Grader
from server import create_app, identity
from server.context import Portal
from server.db import Database
from server.models import User
from server.settings import keep_secret

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
    **settings: Any,
) -> None:
    """Serve until interrupted. ``settings`` are those of ``server.settings``, with upper-case names.

    Raises InfrastructureError when another portal uses the data directory or this host cannot grade.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _interrupt)
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(data_dir):
        config = {"DATA_DIR": data_dir, "SECRET_KEY": keep_secret(data_dir), "JOBS": jobs, **settings}
        # The grader's warm processes come first. A fork copies only the thread that calls it, with the locks of the
        # others as they are: so no thread may run yet, neither waitress's nor the dispatcher's.
        grader = Grader(catalogue, data=datasets)
        try:
            _run(config, grader, host, port, catalogue)
        finally:
            grader.close()


def _run(config: dict[str, Any], grader: Grader, host: str, port: int, catalogue: Catalogue) -> None:
    app = create_app(config, catalogue=catalogue, grade=grader.grade)
    portal: Portal = app.extensions["portal"]
    portal.database.migrate()
    password = add_demo(portal.database)
    server = create_server(
        app, host=host, port=port, threads=THREADS, ident=None, max_request_body_size=8 * portal.settings.max_upload
    )
    _greet(host, port, password)
    portal.dispatcher.start()
    try:
        # Ends at the interrupt, when the requests that run are done.
        server.run()
    finally:
        server.close()
        portal.dispatcher.close()
        # Ends the gradings that the threads still wait for; what comes of them is no longer recorded.
        grader.close()
        portal.dispatcher.join(5)
        portal.database.close()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def add_demo(database: Database) -> str | None:
    """Make the demo account if there is no account at all, and return its password: only its hash is kept."""
    password = secrets.token_urlsafe(9)
    with database.write() as session:
        if session.scalar(select(func.count()).select_from(User)):
            return None
        session.add(identity.sign_up(DEMO_LOGIN, DEMO_NAME, password, datetime.now(UTC)))
    return password


def _greet(host: str, port: int, password: str | None) -> None:
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Gradiente: http://{shown}:{port}")
    if password:
        click.echo(f"Demo account: user name {DEMO_LOGIN}, password {password} (shown only now)")
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
