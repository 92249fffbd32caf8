"""``gradiente portal``: the pages and the API under gunicorn, in several processes, with workers elsewhere.

It grades nothing and reads no solutions. Processes share database, store and metrics; each keeps for itself only what
is worth nothing after a restart: open streams, requests of API callers, figures that it has worked out.
"""

from __future__ import annotations

import logging
import os
import re
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from werkzeug.middleware.proxy_fix import ProxyFix

from grader.exercise import Catalogue
from server import create_app, log
from server.db import find_shared
from server.health.processes import forget_process, share_metrics
from server.health.requests import KEY
from server.settings import keep_secret, read_settings
from server.submission import live

#: for pages, downloads and polls, besides those that streams hold
THREADS = 24
#: seconds that requests have to end in when a process stops; streams are told to
GRACE = 30
#: seconds between two requests on one connection: longer than a proxy keeps one, which would otherwise use it just as
#: it is closed
KEEP_ALIVE = 90
#: requests after which a process makes room for a fresh one, give or take a tenth
MAX_REQUESTS = 20_000

_access = logging.getLogger("server.access")
#: addresses that are secrets: whoever reads the log could otherwise use them
_SECRET = re.compile(r"^/(invitation|password)/[^/]+")
#: asked every few seconds by programs that look after it: no event while all is well
_WATCHED = ("/healthz", "/readyz", "/metrics")

Environment = dict[str, Any]
Application = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Place:
    """Where the portal listens, and with how much."""

    #: such as ``127.0.0.1:8000``, ``[::]:8000`` or ``unix:/run/portal.sock``
    bind: str
    processes: int = 2


def serve(place: Place, data_dir: Path, catalogue: Catalogue, **settings: Any) -> None:
    """Serve until SIGTERM or an interrupt. ``settings`` are those of ``server.settings``, with upper-case names.

    Raises InfrastructureError where the database is not shared, does not answer or has another version's tables.
    """
    data_dir = data_dir.resolve()
    config = {"SECRET_KEY": "", **settings, "DATA_DIR": data_dir}
    chosen = read_settings(config)
    log.set_up(chosen.log_format)
    find_shared(chosen.database).close()
    if not chosen.secret_key:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        config["SECRET_KEY"] = keep_secret(data_dir)
    share_metrics()
    _Site(options(place, chosen.max_streams), lambda: make(config, catalogue)).run()


def make(config: dict[str, Any], catalogue: Catalogue) -> Flask:
    """The application of one process."""
    app = create_app(config, catalogue=catalogue, grade=None)
    app.wsgi_app = Proxied(app.wsgi_app, read_settings(config).trusted_proxy)  # type: ignore[method-assign]
    return app


def options(place: Place, streams: int) -> dict[str, Any]:
    """What gunicorn is told."""
    shared_memory = "/dev/shm"
    return {
        "bind": [place.bind],
        "workers": place.processes,
        "worker_class": "gthread",
        "threads": THREADS + streams,
        "worker_connections": 1000,
        "keepalive": KEEP_ALIVE,
        "graceful_timeout": GRACE,
        "max_requests": MAX_REQUESTS,
        "max_requests_jitter": MAX_REQUESTS // 10,
        # A process says by a file's time that it lives; on a busy disk that would take too long.
        "worker_tmp_dir": shared_memory if os.access(shared_memory, os.W_OK) else None,
        "control_socket_disable": True,
        # Who asks, and how, is found out by ``Proxied`` alone.
        "forwarded_allow_ips": "",
        "logger_class": Journal,
        "accesslog": "-",
        "post_worker_init": _end_streams_at_stop,
        "worker_exit": _close,
        "child_exit": _forget,
    }


class _Site(BaseApplication):  # type: ignore[misc]
    """gunicorn with options of ours, and none from files, variables or the command line."""

    def __init__(self, chosen: dict[str, Any], load: Callable[[], Flask]) -> None:
        self._chosen = chosen
        self._load = load
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._load()


class Journal(Logger):  # type: ignore[misc]
    """Writes what gunicorn tells like everything else, and a line for each request."""

    def setup(self, cfg: Any) -> None:
        """Leave it to ``server.log`` where lines go."""
        self.cfg = cfg
        self.error_log.propagate = True
        # When processes come and go, and a request's fault; not each connection.
        self.error_log.setLevel(logging.INFO)

    def access(self, resp: Any, req: Any, environ: Environment, request_time: Any) -> None:
        """Write a request down: without what follows ``?``, and without the secret of a link."""
        path = _SECRET.sub(r"/\1/…", environ.get("PATH_INFO", ""))
        if path in _WATCHED and resp.status.startswith("200"):
            return
        seconds = request_time.total_seconds()
        with log.about(request=environ.get(KEY, "")):
            _access.info(
                "%s %s %s, %.0f ms, from %s",
                environ.get("REQUEST_METHOD"), path, resp.status.split()[0], 1000 * seconds, environ.get("REMOTE_ADDR"),
            )  # fmt: skip


class Proxied:
    """Takes the reverse proxy's word on who asks and how, and nobody else's."""

    def __init__(self, app: Application, proxy: str) -> None:
        self._plain = app
        self._believing = ProxyFix(app, x_for=1, x_proto=1)
        self._proxy = proxy

    def __call__(self, environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        is_trusted = self._proxy == "*" or (self._proxy and environ.get("REMOTE_ADDR") == self._proxy)
        return (self._believing if is_trusted else self._plain)(environ, start_response)


def _end_streams_at_stop(worker: Any) -> None:
    """Before a process waits for its threads, tell those that hold a page's stream."""
    stop = signal.getsignal(signal.SIGTERM)

    def end(number: int, frame: FrameType | None) -> None:
        live.close(worker.app.callable)
        if callable(stop):
            stop(number, frame)

    signal.signal(signal.SIGTERM, end)


def _forget(server: Any, worker: Any) -> None:
    """In the first process, when another has ended: what it had counted is kept."""
    forget_process(worker.pid)


def _close(server: Any, worker: Any) -> None:
    """Let go of what a process holds: the letter on its way is finished."""
    app = worker.app.callable
    if app is not None:
        portal = app.extensions["portal"]
        portal.post.close()
        portal.database.close()
