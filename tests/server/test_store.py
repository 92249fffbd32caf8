"""The store of contents."""

import os
import time

import pytest

from server.store import Store, StoreError


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "uploads", max_size=100)


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
    with pytest.raises(OSError, match="No space"):
        store.put(b"content")

    assert files(store) == []


def test_what_is_gone_is_said(store):
    with pytest.raises(StoreError, match="No such file"):
        store.get("0" * 64)


def test_what_was_changed_is_noticed(store):
    key = store.put(b"content")
    files(store)[0].write_bytes(b"other")

    with pytest.raises(StoreError, match="does not match"):
        store.get(key)


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
