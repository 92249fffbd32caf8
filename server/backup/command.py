"""What operators do with backups at the command line, also while the portal is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from server.account.office import open_database
from server.backup.making import make
from server.backup.manifest import Manifest
from server.backup.reader import Reader, Whole
from server.backup.restoring import Place, examine, restore
from server.db import Database
from server.instance import alone
from server.settings import KEY_FILE, read_settings
from server.store import open_store


def back_up(data_dir: Path, settings: dict[str, Any], target: str) -> Manifest:
    """Write database, store and key of a portal into an archive. Raises InfrastructureError."""
    known = read_settings({**settings, "DATA_DIR": data_dir})
    key_file = data_dir / KEY_FILE
    secret = known.secret_key or (key_file.read_text(encoding="ascii") if key_file.is_file() else "")
    with open_database(data_dir, settings) as database:
        return make(database, open_store(known), secret, target)


def bring_back(data_dir: Path, settings: dict[str, Any], source: Path) -> Whole:
    """Restore an archive into an installation that is empty. Raises InfrastructureError."""
    reader = Reader(source)
    whole = examine(reader)
    known = read_settings({**settings, "DATA_DIR": data_dir})
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(data_dir):
        database = Database(known.database)
        try:
            restore(reader, whole, Place(database, open_store(known), data_dir / KEY_FILE, known.secret_key))
        finally:
            database.close()
    return whole
