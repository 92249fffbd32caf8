"""Opens the store that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.store.address import read_address
from server.store.contract import Store
from server.store.folder import FolderStore

if TYPE_CHECKING:
    from server.settings import Settings


def open_store(settings: Settings) -> Store:
    """A folder of the instance, or what ``store_url`` names. Raises StoreError where that names nothing usable."""
    if not settings.store_url:
        return FolderStore(settings.uploads, settings.max_upload)
    address = read_address(settings.store_url)
    # Imported where it is used: most portals do without.
    from server.store.s3 import S3Store

    return S3Store(address, settings.max_upload)
