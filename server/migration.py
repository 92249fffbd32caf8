"""``gradiente migrate``: makes and updates the tables, once, before anything else runs; and the first way in."""

from __future__ import annotations

import time

from sqlalchemy import delete, func, select
from sqlalchemy.exc import OperationalError

from grader.errors import InfrastructureError
from server.account.office import invite
from server.db import Database, require_shared
from server.models import Invitation, Role, User

#: between two tries to reach the database
PAUSE = 1.0
#: by this note those are known that were made here
NOTE = "first administrator"
DAYS = 7


def migrate(url: str, seconds: float) -> str | None:
    """Wait for the database, for so long at most, and bring its tables to this version.

    Where there is no account at all, returns the path of an invitation for an administrator. Two at once do no harm:
    one waits for the other. Raises InfrastructureError where the database is not shared or does not answer.
    """
    require_shared(url)
    database = Database(url)
    try:
        _wait(database, seconds)
        database.migrate()
        return first_invitation(database)
    finally:
        database.close()


def _wait(database: Database, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            database.engine.connect().close()
        except OperationalError as error:
            if time.monotonic() >= end:
                place = database.engine.url.render_as_string()  # without the password
                raise InfrastructureError(
                    f"The database {place} did not answer within {seconds:g} s: {error.orig}. Start it, or mend "
                    "GRADIENTE_PORTAL_DATABASE_URL.",
                    f"O banco de dados {place} não respondeu em {seconds:g} s: {error.orig}. Inicie-o ou corrija "
                    "GRADIENTE_PORTAL_DATABASE_URL.",
                ) from error
        else:
            return
        time.sleep(PAUSE)


def first_invitation(database: Database) -> str | None:
    """Make an invitation for an administrator where nobody has an account; its path. None: somebody has.

    An account that was made withdraws what earlier starts had printed: a log may be read by many, for long.
    """
    mine = (Invitation.note == NOTE) & (Invitation.role == Role.ADMINISTRATOR)
    with database.write() as session:
        if session.scalar(select(func.count()).select_from(User)):
            session.execute(delete(Invitation).where(mine, Invitation.uses_left > 0))
            return None
    return invite(database, Role.ADMINISTRATOR, DAYS, 1, NOTE)
