"""The store of contents in a real S3-compatible server; GRADIENTE_TEST_S3 names the endpoint of another one."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from server.backup.making import make
from server.backup.manifest import Manifest
from server.backup.reader import Reader
from server.backup.restoring import Place, examine, restore
from server.db import Database
from server.models import Submission
from server.office import erasure
from server.store import ContentDamaged, ContentMissing, StoreError, StoreUnavailable, s3
from server.store.address import read_address
from server.store.audit import check, collect
from server.store.folder import FolderStore
from server.store.s3 import S3Store
from tests.server.swift import ACCESS_KEY, SECRET_KEY, client_of, running_swift

KEY = "0" * 64
ELSEWHERE = os.environ.get("GRADIENTE_TEST_S3")


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    if ELSEWHERE:
        yield ELSEWHERE
        return
    if not Path(sys.executable).with_name("swift-proxy-server").exists():
        pytest.skip("no S3-compatible server: pip install swift, or name one with GRADIENTE_TEST_S3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        patch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        with running_swift(tmp_path_factory.mktemp("swift")) as swift:
            yield swift.endpoint


@pytest.fixture(scope="module")
def client(endpoint):
    """For what the portal itself never does."""
    return client_of(endpoint)


@pytest.fixture(scope="module")
def bucket(client):
    name = f"uploads-{secrets.token_hex(6)}"
    client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def url(endpoint, bucket):
    """An empty place of its own for each test."""
    return f"s3://{bucket}/{secrets.token_hex(6)}/of the portal?endpoint={endpoint}&region=us-east-1"


@pytest.fixture
def open_it(url):
    """Opens the same place again and again, as other processes do."""
    return lambda: S3Store(read_address(url), max_size=3_000_000)


@pytest.fixture
def store(open_it):
    return open_it()


@pytest.fixture
def everything_is_old(monkeypatch):
    monkeypatch.setattr(s3, "FRESH_SECONDS", -60.0)


def objects(store, client):
    found = client.list_objects_v2(Bucket=store.address.bucket, Prefix=store.address.prefix)
    return [each["Key"].removeprefix(store.address.prefix) for each in found.get("Contents", [])]


def test_what_is_put_comes_back(store, client):
    large = secrets.token_bytes(2_500_000)
    keys = [store.put(content) for content in (b"content", b"content", b"", large)]

    assert [store.get(key) for key in keys] == [b"content", b"content", b"", large]
    assert sorted(set(keys)) == sorted(store.keys())
    assert sorted(objects(store, client)) == sorted(f"{key[:2]}/{key}" for key in set(keys))
    name = f"{store.address.prefix}{keys[0][:2]}/{keys[0]}"
    assert client.head_object(Bucket=store.address.bucket, Key=name)["Metadata"] == {}
    with pytest.raises(StoreError, match="3000001 bytes"):
        store.put(b"x" * 3_000_001)


def test_more_contents_than_one_answer_holds(store, monkeypatch):
    ask = store._ask
    monkeypatch.setattr(
        store, "_ask", lambda op, **of: ask(op, **of, **({"MaxKeys": 2} if op == "list_objects_v2" else {}))
    )
    keys = [store.put(b"%d" % number) for number in range(5)]

    assert sorted(store.keys()) == sorted(keys)


def test_what_is_gone_or_was_changed_is_noticed(store, client):
    key = store.put(b"content")
    with pytest.raises(ContentMissing, match="is not in s3://"):
        store.get(KEY)

    name = f"{store.address.prefix}{key[:2]}/{key}"
    client.put_object(Bucket=store.address.bucket, Key=name, Body=b"other")
    with pytest.raises(ContentDamaged, match="does not match"):
        store.get(key)
    assert store.get(store.put(b"content")) == b"content", "whoever hands it in again has mended it"


def test_what_is_discarded_is_gone_unless_it_is_fresh(store, client, monkeypatch):
    key = store.put(b"content")
    assert not store.discard(key)
    monkeypatch.setattr(s3, "FRESH_SECONDS", -60.0)
    assert not store.discard(key, unused_for=300), "it was handed in after the database was asked"
    assert store.get(key) == b"content"

    assert store.discard(key)
    assert store.discard(key)
    assert objects(store, client) == []


def test_what_is_handed_in_while_it_is_deleted_is_kept(store, open_it, client, everything_is_old):
    """Another process hands it in between the look at its age and the deletion; it was seen by nobody."""
    key = store.put(b"content")
    other, is_put = open_it(), threading.Event()
    other._client.meta.events.register("after-call.s3.PutObject", lambda **_told: is_put.set())
    putting = threading.Thread(target=other.put, args=(b"content",))

    def meanwhile(params, **_told):
        if params["url_path"].endswith(key):
            putting.start()
            assert is_put.wait(60)

    store._client.meta.events.register("before-call.s3.DeleteObject", meanwhile)
    store.discard(key)
    putting.join(60)

    assert not putting.is_alive()
    assert store.get(key) == b"content"
    assert objects(store, client) == [f"{key[:2]}/{key}"]


def test_a_deletion_that_never_ended_is_in_nobodys_way_for_long(store, client, monkeypatch):
    key = store.put(b"content")
    mark = f"{store.address.prefix}{s3.MARKS}{key}.abc"
    client.put_object(Bucket=store.address.bucket, Key=mark, Body=b"")
    monkeypatch.setattr(s3, "WAIT_SECONDS", 0.0)
    with pytest.raises(StoreUnavailable, match="just being deleted"):
        store.put(b"content")
    store.tidy()
    assert len(objects(store, client)) == 2

    monkeypatch.setattr(s3, "STALE_SECONDS", -60.0)
    store.put(b"content")
    store.tidy()
    assert objects(store, client) == [f"{key[:2]}/{key}"]


def failing(url, **environment):
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with pytest.raises(StoreError) as caught:
            S3Store(read_address(url), 100).check()
    assert caught.value.text["pt-BR"] != caught.value.text["en"]
    return caught.value


def test_what_is_wrong_is_said(endpoint, url):
    absent = failing(f"s3://absent-{secrets.token_hex(4)}?endpoint={endpoint}")
    assert "There is no such bucket. Make it" in str(absent)
    if not ELSEWHERE:
        denied = failing(url, AWS_SECRET_ACCESS_KEY="a-wrong-one")
        assert "See to AWS_ACCESS_KEY_ID" in str(denied)
        assert "a-wrong-one" not in str(denied)
    with closed() as nobody:
        dead = failing(f"s3://bucket?endpoint=http://127.0.0.1:{nobody.getsockname()[1]}")
    assert isinstance(dead, StoreUnavailable)
    assert "does not answer" in str(dead)


def closed():
    """A port that nobody listens on."""
    found = socket.socket()
    found.bind(("127.0.0.1", 0))
    return found


class Answering(BaseHTTPRequestHandler):
    """Answers every request with what it was told to."""

    def do_GET(self):
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.text)))
        self.end_headers()
        self.wfile.write(self.server.text)

    def log_message(self, *_told):
        pass


@pytest.mark.parametrize(
    ("status", "text", "said", "is_passing"),
    [
        (
            400,
            b"<Error><Code>AuthorizationHeaderMalformed</Code><Region>sa-east-1</Region></Error>",
            "it is sa-east-1",
            0,
        ),
        (403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>", "Set this machine's", 0),
        (503, b"<Error><Code>SlowDown</Code></Error>", "is not well: SlowDown", 1),
        (404, b"<html>Nothing here</html>", "does not speak S3", 1),
    ],
)
def test_other_answers_are_explained(monkeypatch, status, text, said, is_passing):
    monkeypatch.setattr(s3, "TRIES", 1)
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        server.status, server.text = status, text
        threading.Thread(target=server.serve_forever, daemon=True).start()
        error = failing(
            f"s3://bucket?endpoint=http://127.0.0.1:{server.server_port}",
            AWS_ACCESS_KEY_ID="a",
            AWS_SECRET_ACCESS_KEY="b",
        )
        server.shutdown()
    assert said in str(error)
    assert isinstance(error, StoreUnavailable) == bool(is_passing)


def test_a_store_that_hangs_is_given_up_and_then_left_alone(monkeypatch):
    monkeypatch.setattr(s3, "READ_SECONDS", 0.2)
    monkeypatch.setattr("server.store.pause.SECONDS", 600)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with closing(socket.create_server(("127.0.0.1", 0), backlog=50)) as silent:
        store = S3Store(read_address(f"s3://bucket?endpoint=http://127.0.0.1:{silent.getsockname()[1]}"), 100)
        silent.settimeout(0)
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.put(b"x")
        assert connections(silent) == s3.TRIES
        with pytest.raises(StoreUnavailable, match="does not answer"):
            store.get(KEY)
        assert connections(silent) == 0, "nobody waits again so soon"

        monkeypatch.setattr("server.store.pause.SECONDS", 0)
        store._pause._until = 0.0
        with pytest.raises(StoreUnavailable):
            store.check()
        assert connections(silent) == s3.TRIES


def connections(server):
    count = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://bucket", "names no bucket"),
        ("s3://key:secret@bucket", "names no bucket"),
        ("s3://Bucket", "names no bucket"),
        ("s3://bucket?endpoint=host:9000", "the endpoint is no"),
        ("s3://bucket?endpoint=https://key:secret@host", "the endpoint is no"),
        ("s3://bucket?secret=key", "secret is unknown"),
        ("s3://bucket?region", "no address"),
    ],
)
def test_an_address_that_is_none(url, wrong):
    with pytest.raises(StoreError, match=wrong) as caught:
        read_address(url)
    assert "key" not in str(caught.value).replace(wrong, "")


def test_a_portal_keeps_its_uploads_there(make_app, url, store, new_browser, everything_is_old):
    """Handed in, graded, shown, checked, deleted with its person."""
    app = make_app(STORE_URL=url)
    portal = app.extensions["portal"]
    student = new_browser(app.test_client())
    student.sign_up("ana")
    page = student.hand_in(content=b"x = 1\n")
    assert portal.dispatcher.run_once()
    assert b"x = 1" in student.get(f"{page}/file").data
    assert not portal.settings.uploads.exists()

    orphan = portal.store.put(b"its transaction failed")
    assert collect(portal.database, portal.store).deleted == 1
    found = check(portal.database, portal.store)
    assert (found.sound, found.is_sound) == (1, True)
    assert orphan not in set(store.keys())

    with portal.database.write() as session:
        row = session.query(Submission).one()
        gone = erasure.erase(session, session.get(erasure.User, row.user_id))
    assert all(store.discard(key) for key in gone)
    assert list(store.keys()) == []


def test_what_cannot_be_kept_is_not_called_received(make_app, new_browser, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    with closed() as nobody:
        app = make_app(STORE_URL=f"s3://bucket?endpoint=http://127.0.0.1:{nobody.getsockname()[1]}")
        student = new_browser(app.test_client())
        student.sign_up("ana")
        answer = student.send("/exercises/softmax", code="x = 1")
    assert answer.status_code == 503
    with app.extensions["portal"].database.reader() as session:
        assert session.query(Submission).count() == 0


def test_from_a_folder_into_it_and_back(app, portal, student, store, tmp_path):
    student.hand_in(content=b"x = 1\n")
    student.hand_in(content=b"x = 2\n")
    first, second = tmp_path / "first.tar", tmp_path / "second.tar.gz"
    assert make(portal.database, portal.store, "key", str(first)).contents == 2

    there = Database(f"sqlite:///{tmp_path / 'there.sqlite'}")
    moved(first, there, store, tmp_path / "there.key")
    assert sorted(store.keys()) == sorted(portal.store.keys())
    # What is in the store already, as where only the database moves, is in nobody's way.
    again = Database(f"sqlite:///{tmp_path / 'again.sqlite'}")
    moved(first, again, store, tmp_path / "again.key")

    assert isinstance(make(there, store, "key", str(second)), Manifest)
    back, folder = Database(f"sqlite:///{tmp_path / 'back.sqlite'}"), FolderStore(tmp_path / "back", 100)
    moved(second, back, folder, tmp_path / "back.key")
    assert {folder.get(key) for key in set(folder.keys())} == {b"x = 1\n", b"x = 2\n"}
    for database in (there, again, back):
        database.close()


def moved(source, database, store, key_file):
    reader = Reader(source)
    restore(reader, examine(reader), Place(database, store, key_file))
    assert key_file.read_text() == "key"
