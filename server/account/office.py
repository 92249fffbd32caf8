"""What operators do at the command line, on the portal's database, also while it is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.errors import InfrastructureError
from server.account import identity, invitations, passwords
from server.db import Database
from server.models import Role
from server.settings import read_settings


@contextmanager
def open_database(data_dir: Path, settings: dict[str, Any]) -> Iterator[Database]:
    """Open the portal's database. Raises InfrastructureError where there is none yet."""
    known = read_settings({**settings, "DATA_DIR": data_dir})
    if not known.database_url and not (data_dir / "portal.sqlite").is_file():
        raise InfrastructureError(
            f"No portal in {data_dir}. Start it once with gradiente serve, or name its folder with --instance.",
            f"Não há portal em {data_dir}. Inicie-o uma vez com gradiente serve ou indique a pasta com --instance.",
        )
    database = Database(known.database)
    try:
        yield database
    finally:
        database.close()


def invite(database: Database, role: str, days: int, uses: int | None, note: str) -> str:
    """Make an invitation and return the path of its link."""
    with database.write() as session:
        token = invitations.make_invitation(session, Role(role), days, datetime.now(UTC), uses=uses, note=note)
    return f"/invitation/{token}"


def reset(database: Database, typed: str) -> str | None:
    """Make a link to a new password and return its path; None: there is no such account."""
    with database.write() as session:
        found = identity.find_account(session, identity.clean_login(typed))
        if found is None:
            return None
        token = passwords.make_reset(session, found, passwords.STAFF_LIFE, datetime.now(UTC))
    return f"/password/{token}"
