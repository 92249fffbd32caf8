from __future__ import annotations

import pytest

from tests.server.databases import BlankPostgres


@pytest.fixture(scope="session")
def empty_database(postgres: BlankPostgres) -> BlankPostgres:
    return postgres
