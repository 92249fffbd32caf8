"""What requests cost the portal's process: CPU of the real application, without the web server around it."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import update

from benchmarks.scale import school
from grader.exercise import Catalogue
from grader.report import Report
from server import create_app
from server.context import Portal
from server.db import Database
from server.models import State, Submission

ROUNDS, LINES = 12, (1, 100, 1000, 4000)


def measure_pages(url: str, catalogue: Catalogue, report: Report, folder: Path) -> dict[str, Any]:
    """Seconds of CPU of each request of a student, on a database that ``school`` has filled."""

    def grade(*upload: object, **options: object) -> Report:
        return report

    config = {"DATA_DIR": folder, "DATABASE_URL": url, "SECRET_KEY": "measured"}
    app = create_app(config, catalogue=catalogue, grade=grade)
    portal: Portal = app.extensions["portal"]
    school.queue_up(portal.database, 0)
    client = app.test_client()
    found = {"log_in": _cost(lambda: log_in(app.test_client()), 4)}
    log_in(client)
    found |= {name: _cost(lambda path=path: read(client, path)) for name, path in PAGES.items()}
    found["upload"], shown = _measure_upload(client, portal)
    found["report"] = _cost(lambda: read(client, shown))
    found |= _measure_polls(client, portal)
    portal.dispatcher.close()
    portal.post.close()
    portal.database.close()
    return found


PAGES = {"catalogue": "/", "exercise": f"/exercises/{school.SLUG}"}


def _cost(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """CPU seconds, the first time not counted."""
    action()
    times = []
    for _ in range(rounds):
        before = time.process_time()
        action()
        times.append(time.process_time() - before)
    return round(statistics.median(times), 5)


def read(client: FlaskClient, path: str) -> str:
    """A page's text."""
    response = client.get(path)
    assert response.status_code == 200, (path, response.status_code, response.get_data(as_text=True)[:2000])
    return response.get_data(as_text=True)


def log_in(client: FlaskClient) -> None:
    """Read the form and log in."""
    page = read(client, "/log-in")
    form = {"csrf_token": token(page), "login": "s0", "password": school.PASSWORD}
    response = client.post("/log-in", data=form)
    assert response.status_code == 302, response.status_code


def token(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def _measure_upload(client: FlaskClient, portal: Portal) -> tuple[float, str]:
    """Hand in and be led to the submission's page; each is graded at once, so that not too many wait."""
    page = read(client, PAGES["exercise"])
    times, target = [], ""
    for number in range(ROUNDS):
        form = {"csrf_token": token(page), "form_key": f"measured-{number}", "code": f"x = {number}\n" * 60}
        before = time.process_time()
        response = client.post(PAGES["exercise"], data=form)
        times.append(time.process_time() - before)
        assert response.status_code == 302, response.get_data(as_text=True)
        target = response.headers["Location"]
        portal.dispatcher.run_once()  # type: ignore[attr-defined]
    return round(statistics.median(times), 5), target


def _measure_polls(client: FlaskClient, portal: Portal) -> dict[str, Any]:
    """Ask for the state of a submission that waits, while the line moves and while it does not."""
    still, moving = {}, {}
    for length in LINES:
        ids = school.queue_up(portal.database, length)
        if length > 1:
            _run(portal.database, ids[-1])
        path = f"/submissions/{ids[0]}/state"
        still[str(length)] = _cost(lambda path=path: read(client, path))
        times = []
        for _ in range(5):
            _run(portal.database, ids[-1])
            before = time.process_time()
            read(client, path)
            times.append(time.process_time() - before)
        moving[str(length)] = round(statistics.median(times), 5)
    return {"state": still, "state_of_moving_line": moving}


def _run(database: Database, id: str) -> None:
    """Move the line: the last one runs, from now on."""
    with database.write() as session:
        session.execute(
            update(Submission).where(Submission.id == id).values(state=State.RUNNING, started_at=school.now())
        )
