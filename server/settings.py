"""What an operator may set about the portal. Everything has a default but the data directory."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    """Where things lie and how much is allowed.

    In the data directory: ``portal.sqlite`` (all rows), ``uploads/`` (what was handed in) and ``secret.key``.
    """

    data_dir: Path
    #: signs cookies; ``keep_secret`` makes one
    secret_key: str
    #: empty means: SQLite in the data directory
    database_url: str = ""
    #: the address that students type; ``https://`` makes the cookies secure
    public_url: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    registration: bool = True
    max_upload: int = 8_000_000
    #: submissions of one student that may wait or run at the same time
    max_waiting: int = 5
    log_in_days: int = 30
    #: submissions that are graded at the same time
    jobs: int = 2
    #: a worker that has not been heard of for so long has lost its submission
    lease_seconds: float = 30.0

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'portal.sqlite'}"

    @property
    def uploads(self) -> Path:
        """The folder of what was handed in."""
        return self.data_dir / "uploads"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the portal over an encrypted connection."""
        return self.public_url.startswith("https://")


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Make settings from a mapping with upper-case keys, such as ``{"DATA_DIR": ..., "MAX_WAITING": 3}``.

    Raises ValueError for a key that is no setting: a misspelt limit would otherwise silently not hold.
    """
    known = {field.name.upper() for field in fields(Settings)}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"Unknown setting {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    settings = Settings(**{name.lower(): value for name, value in values.items()})
    return Settings(**{**vars(settings), "data_dir": Path(settings.data_dir)})


def keep_secret(data_dir: Path) -> str:
    """Return the data directory's signing key, made at first use and readable by its owner alone."""
    path = data_dir / "secret.key"
    if not path.is_file():
        # Created with its mode, not changed to it later: nobody can open the file in between.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
    return path.read_text(encoding="ascii")
