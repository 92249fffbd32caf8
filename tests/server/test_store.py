"""The store of contents in a folder, and what compares it with the database."""

import os
import time

import pytest

from server.models import Submission
from server.store import ContentDamaged, ContentMissing, StoreError
from server.store.audit import check, collect
from server.store.folder import FolderStore


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "uploads", max_size=100)


def files(store):
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_what_is_put_comes_back(store):
    assert store.get(store.put(b"content")) == b"content"


def test_equal_content_is_kept_once(store):
    assert store.put(b"content") == store.put(b"content")
    assert len(files(store)) == 1


def test_too_much_is_refused(store):
    store.put(b"x" * 100)
    with pytest.raises(StoreError, match="101 bytes"):
        store.put(b"x" * 101)


def test_nothing_is_left_of_a_failed_write(store, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="No space"):
        store.put(b"content")

    assert files(store) == []


def test_what_is_gone_is_said(store):
    with pytest.raises(ContentMissing, match=r"is not in .*uploads"):
        store.get("0" * 64)


def test_what_was_changed_is_noticed(store):
    key = store.put(b"content")
    files(store)[0].write_bytes(b"other")

    with pytest.raises(ContentDamaged, match="does not match"):
        store.get(key)


def test_what_was_cut_short_is_whole_when_it_is_handed_in_again(store):
    key = store.put(b"content")
    files(store)[0].write_bytes(b"cont")

    assert store.put(b"content") == key
    assert store.get(key) == b"content"


def age(store):
    for path in files(store):
        os.utime(path, (time.time() - 3600,) * 2)


def test_what_is_discarded_is_gone(store):
    key = store.put(b"content")
    age(store)

    assert list(store.keys()) == [key]
    assert store.discard(key)
    assert files(store) == []
    assert store.discard(key)


def test_what_was_handed_in_again_just_now_is_kept(store):
    """Its row may be on its way: whoever wants it gone has looked before."""
    key = store.put(b"content")
    age(store)
    store.put(b"content")

    assert not store.discard(key)
    assert store.get(key) == b"content"


def test_what_was_handed_in_since_the_database_was_asked_is_kept(store):
    """However long the others took that were discarded before it."""
    key = store.put(b"content")
    os.utime(files(store)[0], (time.time() - 100,) * 2)

    assert not store.discard(key, unused_for=300)
    assert store.discard(key, unused_for=10)


def test_a_crash_in_the_middle_is_cleared_away(store, monkeypatch):
    kept = store.put(b"kept")
    hidden = store.folder / kept[:2] / kept
    hidden.rename(hidden.with_name(f".old-{kept}"))
    (hidden.parent / ".new-abc").write_bytes(b"ke")
    store.tidy()
    assert len(files(store)) == 2, "it may be under way"

    monkeypatch.setattr("server.store.folder.STALE_SECONDS", -1)
    store.tidy()

    assert files(store) == [hidden]
    assert store.get(kept) == b"kept"


def test_a_store_that_takes_nothing_says_so(store, tmp_path, monkeypatch):
    store.check()
    with pytest.raises(StoreError, match="bytes left, less than one submission"):
        FolderStore(tmp_path, 1 << 60).check()
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"Not a directory|File exists"):
        FolderStore(tmp_path / "file" / "uploads", 100).check()
    FolderStore(tmp_path, 1 << 60).check(keeps=False)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(StoreError, match="cannot be read"):
        FolderStore(tmp_path, 100).check(keeps=False)


@pytest.fixture
def used(portal, student):
    """The key of a content that a row refers to, and that of one that none does. Both are old."""
    student.hand_in(content=b"x = 1\n")
    orphan = portal.store.put(b"its transaction failed")
    age(portal.store)
    with portal.database.reader() as session:
        return session.query(Submission).one().blob, orphan


def test_contents_without_a_row_are_collected(portal, used):
    kept, orphan = used
    fresh = portal.store.put(b"its row is on the way")
    seen = []

    found = collect(portal.database, portal.store, delete=False, tell=seen.append)
    assert (found.found, found.deleted, set(seen)) == (2, 0, {orphan, fresh})
    assert set(portal.store.keys()) == {kept, orphan, fresh}

    found = collect(portal.database, portal.store)
    assert (found.found, found.deleted) == (2, 1)
    assert set(portal.store.keys()) == {kept, fresh}


def test_what_is_handed_in_while_orphans_are_collected_is_seen(portal, student, used, monkeypatch):
    """The row is there before its turn comes; a transaction that had begun before would not see it."""
    monkeypatch.setattr("server.store.audit.PIECE", 1)
    kept, orphan = used
    later = []

    def keys():
        yield orphan
        student.hand_in(content=b"x = 2\n")
        age(portal.store)
        later.extend(set(FolderStore.keys(portal.store)) - {kept})
        yield from later

    monkeypatch.setattr(portal.store, "keys", keys)
    assert collect(portal.database, portal.store).deleted == 1
    assert [portal.store.get(key) for key in later] == [b"x = 2\n"]


def test_a_check_names_what_is_missing_and_what_is_damaged(portal, student, used):
    kept, _orphan = used
    student.hand_in(content=b"x = 2\n")
    found = check(portal.database, portal.store)
    assert (found.sound, found.is_sound) == (2, True)

    [path] = (path for path in files(portal.store) if path.read_bytes() == b"x = 2\n")
    path.write_bytes(b"x = 3\n")
    (portal.store.folder / kept[:2] / kept).unlink()
    found = check(portal.database, portal.store)

    assert (found.sound, found.missing, found.damaged) == (0, [kept], [path.name])
    assert not found.is_sound
