"""Links by which those who were put into a course choose their first password. Knows no Flask."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from server.account.tokens import hash_secret, make_secret
from server.course.cells import defuse
from server.models import PasswordReset, User

#: a roster is imported before the first lecture, and read after it
LIFE = timedelta(days=14)

HEADINGS = ("name", "user name", "e-mail", "link")


@dataclass(frozen=True)
class Welcome:
    """One person's link."""

    name: str
    login: str
    email: str
    link: str


def make_links(session: Session, users: Iterable[User], base: str, now: datetime) -> list[Welcome]:
    """Make a link for each of these accounts; links that they had before work no longer. ``base``: their address."""
    every = list(users)
    session.execute(delete(PasswordReset).where(PasswordReset.user_id.in_([user.id for user in every])))
    secrets = [make_secret() for _ in every]
    rows = [
        {"user_id": user.id, "token_hash": hash_secret(raw), "created_at": now, "expires_at": now + LIFE}
        for user, raw in zip(every, secrets, strict=True)
    ]
    if rows:
        session.execute(insert(PasswordReset), rows)
    return [
        Welcome(user.name, user.login, user.email or "", f"{base}/{raw}")
        for user, raw in zip(every, secrets, strict=True)
    ]


def write_table(links: Iterable[Welcome]) -> str:
    """A table of links, for a mail merge or for cutting into strips."""
    return write_csv(HEADINGS, [(each.name, each.login, each.email, each.link) for each in links], ",")


def write_csv(headings: Sequence[str], rows: Iterable[Sequence[str]], separator: str) -> str:
    """A table as CSV. No cell is taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(headings)
    writer.writerows([defuse(cell) for cell in row] for row in rows)
    return text.getvalue()


def read_table(text: str) -> str:
    """The table again, as it came back from the page that showed it: nothing else is sent as a file."""
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    if not rows or tuple(rows[0]) != HEADINGS or any(len(row) != len(HEADINGS) for row in rows):
        raise ValueError("this is no table of links")
    return write_csv(HEADINGS, [[cell.removeprefix("'") for cell in row] for row in rows[1:]], ",")
