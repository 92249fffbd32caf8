"""A portal with the project's own exercises, as it looks when a course is under way."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import urllib.parse
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.server.running import RunningPortal

PASSWORD = "sete-gatos-no-telhado"
FIRST = '''
def sigmoid(x):
    """Squash every number into the interval from 0 to 1."""
    print("x:", tuple(x.shape))
    return 1 / (1 + (-x).exp())


def sigmoid_derivative(x):
    s = sigmoid(x)
    return s * (1 - sigma)
'''
SECOND = FIRST.replace("sigma)", "s)")


class School:
    """A running portal with everything switched on that has a page of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.portal = RunningPortal(data, GRADIENTE_PORTAL_LEADERBOARD="true")
        self.address = self.portal.address

    def furnish(self) -> None:
        """Dates for some exercises, and classmates on the leaderboard of one."""
        now = datetime.now(UTC)
        days = {
            "cross_entropy": ["--due", now + timedelta(hours=20), "--late", "10", "--grace", "30", "--attempts", "5"],
            "backprop": ["--due", now - timedelta(days=9), "--closes", now - timedelta(days=2)],
            "early_stopping": ["--due", now - timedelta(hours=30), "--late", "10"],
            "cnn": ["--opens", now + timedelta(days=6), "--due", now + timedelta(days=20)],
        }
        for slug, terms in days.items():
            words = [each.isoformat(timespec="minutes") if isinstance(each, datetime) else each for each in terms]
            self.command("assign", slug, *words)
        for login in ("bia", "caio", "davi"):
            self.portal.send("/sign-up", name=login.title(), login=login, password=PASSWORD, repeated=PASSWORD)
            self.portal.send("/account/profile", name=login.title(), language="", leaderboard="yes")
            page, _ = self.portal.send("/exercises/sigmoid", code=SECOND if login == "bia" else FIRST)
            self.portal.wait_for(page, "graded")
            self.portal.cookies.cookiejar.clear()

    def command(self, *words: str) -> str:
        """What a command on the portal's data says."""
        command = [sys.executable, "-m", "grader", *words, "--instance", str(self.data)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def link(self, *words: str) -> str:
        """The path of the link that a command makes."""
        return urllib.parse.urlparse(self.command(*words)).path

    def fail(self, page: str) -> None:
        """Make the submission of this page one that could not be graded: none of the project's exercises does that."""
        forget = "report = NULL, score = NULL, max_score = NULL"
        with closing(sqlite3.connect(self.data / "portal.sqlite")) as database, database:
            changed = database.execute(
                f"UPDATE submission SET state = 'failed', owner = 'exercise', {forget} WHERE id = ?",
                [page.rpartition("/")[2]],
            )
            assert changed.rowcount == 1

    def close(self) -> None:
        """Stop the portal."""
        self.portal.stop()
