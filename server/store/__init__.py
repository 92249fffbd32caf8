"""What students handed in, kept by content: in a folder or in an S3-compatible store.

Contents have no names and no owners here; rows of the database refer to them by their key. ``references`` says which.
"""

from server.store.contract import (
    FRESH_SECONDS,
    ContentDamaged,
    ContentMissing,
    Store,
    StoreError,
    StoreUnavailable,
)
from server.store.opening import open_store

__all__ = [
    "FRESH_SECONDS",
    "ContentDamaged",
    "ContentMissing",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "open_store",
]
