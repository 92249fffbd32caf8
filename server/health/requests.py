"""What is noted of each request: a number of its own, how long it took, how it ended."""

from __future__ import annotations

import re
import secrets
import time

from flask import Flask, Response, g, request

from server import log
from server.health.metrics import Metrics

HEADER = "X-Request-ID"
#: what a proxy's number may look like
_NUMBER = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: where a server finds the number that its own line about the request is to have
KEY = "gradiente.request"


def init_app(app: Flask, metrics: Metrics, *, has_proxy: bool) -> None:
    """Note every request, before and after everything else. ``has_proxy``: whether a proxy's number is believed."""

    def begin() -> None:
        g.began = time.perf_counter()
        g.number = _number(request.headers.get(HEADER, "") if has_proxy else "")
        request.environ[KEY] = g.number
        log.begin(request=g.number)

    def finish(response: Response) -> Response:
        if "number" not in g:
            return response
        response.headers[HEADER] = g.number
        # Never the path: it holds names and numbers, and whoever asks could make up as many as they like.
        route, method = request.endpoint or "none", request.environ["REQUEST_METHOD"]
        known = method if method in _METHODS else "other"
        metrics.requests.labels(route, known, str(response.status_code)).inc()
        metrics.request_seconds.labels(route).observe(time.perf_counter() - g.began)
        return response

    app.before_request(begin)
    app.after_request(finish)
    app.teardown_request(lambda error: log.begin())


def _number(told: str) -> str:
    return told if _NUMBER.fullmatch(told) else secrets.token_hex(8)
