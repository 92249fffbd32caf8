"""What an operator may set about the portal. Everything has a default but the data directory."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from grader.settings import TABLE, explain_settings

#: what signs cookies and receipts, in the data directory
KEY_FILE = "secret.key"

#: a century at most: what reaches further is no date, and below 0 everything would be old already
Days = Annotated[int, msgspec.Meta(ge=0, le=36_500)]
#: none, or one that nobody guesses
Token = Annotated[str, msgspec.Meta(pattern="^(.{16,})?$")]


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much is allowed and whom the portal talks to. ``[portal]`` of the settings file, ``GRADIENTE_PORTAL_*``.

    In the data directory, which ``gradiente serve`` chooses: ``portal.sqlite`` (all rows), ``uploads/`` (what was
    handed in) and ``secret.key``.
    """

    data_dir: str = ""
    #: signs cookies; empty: one is made and kept in the data directory
    secret_key: str = ""
    #: empty means: SQLite in the data directory
    database_url: str = ""
    #: what was handed in: ``s3://bucket/prefix?endpoint=...&region=...``; empty means: in the data directory
    store_url: str = ""
    #: RabbitMQ or Redis, for workers on many machines; empty: they look into the database
    broker_url: str = ""
    #: what its queues' names begin with, where several portals share a broker
    broker_prefix: str = "gradiente"
    #: the address that students type; ``https://`` makes the cookies secure
    public_url: str = ""
    #: the reverse proxy's address, whose word on who asks is taken (``*``: whoever connects); empty: nobody's
    trusted_proxy: str = ""
    #: for readers whose browser asks for none that there is
    language: str = "en"
    time_zone: str = "UTC"
    #: whether anybody may make an account; invitations work in any case
    registration: bool = True
    max_upload: int = 8_000_000
    #: submissions of one student that may wait or run at the same time
    max_waiting: int = 5
    log_in_days: Days = 30
    #: submissions that are graded at the same time
    jobs: int = 2
    #: a worker that has not been heard of for so long has lost its submission
    lease_seconds: float = 30.0
    #: pages that are told of a grading's progress by an open connection each; the others ask from time to time
    max_streams: int = 8
    stream_seconds: float = 20.0
    #: how lines of the log are written: text or json
    log_format: Literal["text", "json"] = "text"
    #: what opens ``/metrics`` of the portal; empty: nothing does
    metrics_token: Token = ""
    #: requests of one API token; one address without a token may ask four times as often
    api_per_minute: int = 300
    #: whether exercises show a leaderboard, of those who want to be on it: never before a due date has passed
    leaderboard: bool = False
    #: days after which files and reports of submissions may be deleted, and entries of the log; 0: they are kept
    keep_submissions_days: Days = 0
    keep_log_days: Days = 0
    #: where letters go: ``smtp://user:password@host:587`` (STARTTLS) or ``smtps://...:465``; empty: none are sent
    smtp_url: str = ""
    #: who letters come from
    mail_from: str = ""
    #: OpenID Connect: the provider's address, as in its ``iss``; empty: no such log-in
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    #: what the button says, for instance the university's name
    oidc_name: str = ""

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{Path(self.data_dir) / 'portal.sqlite'}"

    @property
    def uploads(self) -> Path:
        """The folder of what was handed in."""
        return Path(self.data_dir) / "uploads"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the portal over an encrypted connection."""
        return self.public_url.startswith("https://")


def read_settings(values: Mapping[str, Any]) -> Settings:
    """Make settings from a mapping with upper-case keys, such as ``{"DATA_DIR": ..., "MAX_WAITING": 3}``.

    Raises ValueError for a key that is no setting: a misspelt limit would otherwise silently not hold.
    """
    known = {name.upper() for name in Settings.__struct_fields__}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"Unknown setting {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
    plain = {name.lower(): str(value) if isinstance(value, Path) else value for name, value in values.items()}
    return msgspec.convert(plain, Settings)


def from_environment(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> dict[str, Any]:
    """What an operator has set, as ``read_settings`` takes it. Raises InfrastructureError for what is no value."""
    found = explain_settings(environment, folder, Settings, TABLE)
    return {name.upper(): value for name, (value, source) in found.items() if source != "default"}


def keep_secret(data_dir: Path) -> str:
    """Return the data directory's signing key, made at first use and readable by its owner alone."""
    path = data_dir / KEY_FILE
    if not path.is_file():
        # Made with its mode, not changed to it later: nobody can open the file in between. It gets its name when it
        # is whole, and the first of several processes wins.
        descriptor, made = tempfile.mkstemp(dir=data_dir, prefix=".secret-")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32))
        with suppress(FileExistsError):
            os.link(made, path)
        os.unlink(made)
    return path.read_text(encoding="ascii")
