"""Compares the store with the database: what is missing or damaged, and what nobody refers to any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from server.db import Database
from server.models import Base
from server.store.contract import ContentDamaged, ContentMissing, Store
from server.store.references import PIECE, all_used, unused


@dataclass
class Found:
    """What was looked at, and what is wrong."""

    sound: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether all contents that rows refer to are there, and as they were handed in."""
        return not (self.missing or self.damaged)


def check(database: Database, store: Store) -> Found:
    """Read every content that rows refer to. Raises StoreError where the store itself does not answer."""
    store.check()
    with database.reader() as session:
        keys = list(session.scalars(all_used(Base.metadata)))
    found = Found()
    for key in keys:
        try:
            for _piece in store.pieces(key):
                pass
        except (ContentMissing, ContentDamaged) as error:
            # It may have been deleted, rightly, since the database was asked.
            with database.reader() as session:
                if not unused(session, [key]):
                    (found.missing if isinstance(error, ContentMissing) else found.damaged).append(key)
        else:
            found.sound += 1
    return found


@dataclass
class Orphans:
    """Contents that no row refers to."""

    found: int = 0
    #: of these
    deleted: int = 0


def collect(
    database: Database, store: Store, *, delete: bool = True, tell: Callable[[str], None] = lambda key: None
) -> Orphans:
    """Find contents that no row refers to, and delete them unless somebody has handed them in just now."""
    if delete:
        store.tidy()
    orphans = Orphans()
    for key, asked_at in _unused_in(database, store):
        orphans.found += 1
        tell(key)
        if delete:
            orphans.deleted += store.discard(key, time.monotonic() - asked_at)
    return orphans


def _unused_in(database: Database, store: Store) -> Iterator[tuple[str, float]]:
    """Contents that no row refers to, each with the moment at which the database was asked."""
    keys = store.keys()
    while piece := list(islice(keys, PIECE)):
        asked_at = time.monotonic()
        # A session for each piece: one that lasted would go on seeing the rows of its first moment, and contents that
        # were handed in since would pass for unused.
        with database.reader() as session:
            lost = unused(session, piece)
        yield from ((key, asked_at) for key in lost)
