"""What operators do for the office at the command line, on the portal's database, also while it is served."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from server.account.office import open_database
from server.office import care


def keep_audit(data_dir: Path, settings: dict[str, Any]) -> Callable[[str, str, bool, dict[str, Any]], None]:
    """What keeps an audit's findings: slug, version, whether it passed, all of it.

    Raises InfrastructureError where there is no portal.
    """
    with open_database(data_dir, settings):
        pass  # it is there

    def keep(slug: str, version: str, passed: bool, found: dict[str, Any]) -> None:
        # Opened for each: an audit takes minutes, and holds nothing meanwhile.
        with open_database(data_dir, settings) as database, database.write() as session:
            care.keep(session, slug, version, passed, found, datetime.now(UTC))

    return keep
