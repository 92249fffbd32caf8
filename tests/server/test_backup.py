"""Backups: what goes in comes out, from any database and store to any other, or nothing happens at all."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
import shutil
import sqlite3
import tarfile
import threading
import urllib.error
import urllib.parse
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import JSON, Boolean, DateTime, Float, Integer, LargeBinary, delete, insert, make_url, select

from grader.__main__ import cli
from grader.errors import InfrastructureError
from grader.exercise import default_catalogue
from server.backup import making
from server.backup.making import make
from server.backup.manifest import Head
from server.backup.reader import Reader
from server.backup.restoring import Place, examine, restore
from server.backup.tables import find_tables
from server.backup.writer import Writer
from server.db import Database
from server.demo import fill
from server.models import Base, Invitation, Submission, User
from server.store import ContentMissing, StoreError
from server.store.folder import FolderStore
from tests.server.databases import POSTGRES

SECRET = "the key that signs"
#: kept to the letter; nothing and the word null are different things
JSON_TEXTS = (None, "null", '{"b": 1,  "a": 1.50}', '"\\u0000"')
ODD = 'a "quoted" çã 𝔘\n\t\\ and \u2028'


class Place_(Place):
    """A place to restore to, and what is there."""

    def rows(self) -> dict[str, list]:
        with self.database.engine.connect() as connection:
            tables = find_tables(connection)
            return {table.name: list(making._rows(connection, table)) for table in tables.sorted_tables}

    def contents(self) -> dict[str, bytes]:
        return {key: self.store.get(key) for key in self.store.keys()}  # noqa: SIM118 (no dictionary)

    def restore(self, source: Path) -> None:
        reader = Reader(source)
        restore(reader, examine(reader), self)

    @property
    def is_untouched(self) -> bool:
        return not (Path(self.database.engine.url.database).exists() or self.store.folder.exists())


@pytest.fixture(autouse=True, scope="module")
def _no_power_cut():
    """None is tested here, and waiting for the disk would be most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _file: None)
        yield


@pytest.fixture(scope="module")
def new_place(tmp_path_factory):
    """Makes empty places; without an address, in files."""
    made = []

    def new(address: str = "", max_size: int = 8_000_000) -> Place_:
        folder = tmp_path_factory.mktemp("place")
        database = Database(address or f"sqlite:///{folder / 'portal.sqlite'}")
        made.append(Place_(database, FolderStore(folder / "uploads", max_size), folder / "secret.key"))
        return made[-1]

    yield new
    for place in made:
        place.database.close()


@pytest.fixture
def copy_of(new_place):
    """Makes another place with the same in it."""

    def copy(place: Place_) -> Place_:
        made = new_place()
        with (
            closing(sqlite3.connect(place.database.engine.url.database)) as source,
            closing(sqlite3.connect(made.database.engine.url.database)) as target,
        ):
            source.backup(target)
        shutil.copytree(place.store.folder, made.store.folder)
        return made

    return copy


@pytest.fixture
def postgres_address(postgres):
    """An empty database without tables."""
    name = f"gradiente_test_{secrets.token_hex(8)}"
    postgres.server.exec_driver_sql(f"CREATE DATABASE {name}")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    postgres.server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def demo(new_place):
    """The demo course, and rows in all tables that it leaves empty."""
    place = new_place()
    place.database.migrate()
    with place.database.write() as session:
        fill(session, place.store, default_catalogue(), datetime.now(UTC))
    with place.database.engine.execution_options(writing=True).begin() as connection:
        for table in Base.metadata.sorted_tables:
            if connection.scalar(select(table).limit(1)) is None:
                connection.execute(insert(table).values({each.name: odd(connection, each) for each in table.columns}))
        for number, text in enumerate(JSON_TEXTS):
            query = (
                "UPDATE submission SET report = ? WHERE id = (SELECT id FROM submission ORDER BY id LIMIT 1 OFFSET ?)"
            )
            connection.exec_driver_sql(query, (text, number))
    return place


def odd(connection, column):
    """A value that some database or format could spoil."""
    if column.foreign_keys:
        [key] = column.foreign_keys
        return connection.scalar(select(key.column).limit(1))
    if column.name == "blob":
        return connection.scalar(select(Submission.blob).limit(1))
    enumeration = getattr(column.type, "enum_class", None)
    if enumeration is not None:
        return next(iter(enumeration))
    impl = getattr(column.type, "impl_instance", column.type)
    for kind, value in (
        (JSON, {"z": [0.1, None, -0.0, 2**53], "a": ODD, "empty": {}}),
        (Boolean, True),
        (DateTime, datetime(2026, 3, 1, 23, 59, 59, 1, timezone(timedelta(hours=-3)))),
        (LargeBinary, bytes(range(256))),
        (Integer, 2_000_000_000),
        (Float, 0.1 + 0.2),
    ):
        if isinstance(impl, kind):
            return value
    return ODD[: impl.length or 99]


@pytest.fixture(scope="module")
def archive(demo, tmp_path_factory):
    path = tmp_path_factory.mktemp("backup") / "demo.tar"
    made = make(demo.database, demo.store, SECRET, str(path))
    assert (made.missing, made.damaged, made.gone) == ([], [], 0)
    return path


def test_no_table_is_forgotten(demo, archive):
    """Neither by backups nor by this file: all have rows here. A column of a new kind would have ended the backup."""
    manifest = Reader(archive).verify().manifest
    assert set(manifest.tables) == set(Base.metadata.tables)
    assert all(manifest.tables.values()), manifest.tables
    assert manifest.contents == len(demo.contents()) > 100
    assert oct(archive.stat().st_mode)[-3:] == "600"


def test_from_sqlite_to_postgres_and_back_nothing_changes(
    demo, archive, new_place, postgres_address, tmp_path, monkeypatch
):
    """Though somebody writes while the second backup is made."""
    there, back, second = new_place(postgres_address), new_place(), tmp_path / "second.tar.gz"
    there.restore(archive)
    assert there.rows() == demo.rows()
    assert there.contents() == demo.contents()
    with there.database.write() as session:
        user = User(login="new", name="New", created_at=datetime.now(UTC))
        session.add(user)
        session.flush()
        assert user.id == max(row[0] for row in demo.rows()["user"]) + 1, "the sequence goes on"
        session.delete(user)
    assert foreign_keys(there.database) > 20, "they are back"

    write_meanwhile(there, monkeypatch)
    make(there.database, there.store, SECRET, str(second))
    back.restore(second)

    assert back.rows() == demo.rows()
    assert back.contents() == demo.contents()
    with back.database.engine.connect() as connection:
        texts = connection.exec_driver_sql("SELECT report FROM submission ORDER BY id LIMIT 4").scalars()
        assert tuple(texts) == JSON_TEXTS
    assert back.key_file.read_text() == there.key_file.read_text() == SECRET
    assert oct(back.key_file.stat().st_mode)[-3:] == "600"


def foreign_keys(database: Database) -> int:
    with database.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f'").scalar()


def test_rows_are_those_of_one_moment(demo, copy_of, tmp_path, monkeypatch):
    """Whatever is written between the reading of one table and of the next. PostgreSQL: above."""
    place, path = copy_of(demo), tmp_path / "a.tar"
    write_meanwhile(place, monkeypatch)
    make(place.database, place.store, "", str(path))

    assert rows_in(path) == demo.rows() != place.rows()


def write_meanwhile(place: Place_, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a backup comes to its submissions, after many a table, delete them and add a user."""
    reading = making.reading

    def meanwhile(table, is_sqlite):
        if table.name == "submission":
            monkeypatch.undo()
            with place.database.write() as session:
                session.execute(delete(Submission))
                session.add(User(login="late", name="Late", created_at=datetime.now(UTC)))
        return reading(table, is_sqlite)

    monkeypatch.setattr(making, "reading", meanwhile)


def rows_in(archive: Path) -> dict[str, list]:
    found: dict[str, list] = {}
    for name, _columns, rows in Reader(archive).tables():
        found.setdefault(name, []).extend(rows)
    return found


def test_what_the_store_has_lost_is_reported_and_the_rest_is_kept(demo, copy_of, new_place, tmp_path):
    place = copy_of(demo)
    kept = place.contents()
    missing, damaged, erased, *_others = sorted(kept)
    path = place.store.folder
    (path / missing[:2] / missing).unlink()
    (path / damaged[:2] / damaged).write_bytes(b"rotten")
    pieces = place.store.pieces

    def erase_meanwhile(key):
        if key == erased:
            with place.database.engine.execution_options(writing=True).begin() as connection:
                for table in find_tables(connection).sorted_tables:
                    if "blob" in table.columns:
                        connection.execute(table.delete().where(table.c.blob == erased))
            raise ContentMissing("erased just now")
        return pieces(key)

    place.store.pieces = erase_meanwhile
    made = make(place.database, place.store, "", str(tmp_path / "a.tar"))

    assert (made.missing, made.damaged, made.gone) == ([missing], [damaged], 1)
    copy = new_place()
    copy.restore(tmp_path / "a.tar")
    assert copy.contents() == {key: text for key, text in kept.items() if key not in (missing, damaged, erased)}


def test_a_backup_of_an_older_version_becomes_as_new_as_the_program(new_place, tmp_path):
    old = new_place()
    old.database.migrate("0002")
    with old.database.engine.execution_options(writing=True).begin() as connection:
        table = find_tables(connection).tables["user"]
        values = {"login": "ana", "name": ODD, "role": "student", "is_on_leaderboard": False}
        connection.execute(insert(table).values(values | {"created_at": datetime(2026, 1, 1, 1, 1, 1, 1)}))
    make(old.database, old.store, SECRET, str(tmp_path / "old.tar"))
    new = new_place()
    # Tables are no obstacle, nor is the first administrator's invitation.
    new.database.migrate()
    with new.database.write() as session:
        session.add(Invitation(token_hash="a", created_at=datetime.now(UTC), expires_at=datetime.now(UTC)))
    new.restore(tmp_path / "old.tar")

    new.database.require_tables()
    with new.database.reader() as session:
        user = session.query(User).one()
        assert session.query(Invitation).count() == 0
    assert (user.name, user.created_at) == (ODD, datetime(2026, 1, 1, 1, 1, 1, 1, UTC))


def refused(place: Place_, source: Path, why: str) -> None:
    """Refused in both languages, and nothing was changed."""
    with pytest.raises(InfrastructureError, match=why) as caught:
        place.restore(source)
    assert caught.value.text["pt-BR"] != caught.value.text["en"]
    assert not place.key_file.exists()


def test_a_backup_of_a_newer_version_is_refused(new_place, tmp_path):
    for number, head in enumerate(
        (Head(1, "9.0", "9999", datetime.now(UTC)), Head(2, "9.0", "0001", datetime.now(UTC)))
    ):
        path = tmp_path / f"{number}.tar"
        with path.open("wb") as file, Writer(file) as writer:
            writer.add_head(head)
            writer.seal([], [], 0)
        place = new_place()
        refused(place, path, r"Gradiente 9\.0.* Restore it with that")
        assert place.is_untouched


def members(path: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(path) as tar:
        return [(member, tar.extractfile(member).read()) for member in tar]


def test_any_damage_is_noticed_before_anything_is_written(archive, new_place, tmp_path):
    whole, place, bad = archive.read_bytes(), new_place(), tmp_path / "bad.tar"
    with tarfile.open(archive) as tar:
        found = {re.sub(r"[0-9a-f]{64}", "…", member.name): member for member in tar}
    end = found["manifest.sha256"].offset_data + 64
    for name, member in found.items():
        for offset in (member.offset, member.offset_data + member.size // 2):
            if name.startswith("contents/") and name[9] not in "0f":
                continue
            changed = bytearray(whole)
            changed[offset] ^= 0x10
            bad.write_bytes(changed)
            refused(place, bad, "is damaged|is no backup")
    for length in (0, 100, 511, 512, 700, end // 7, end // 2, end - 600, end - 1):
        bad.write_bytes(whole[:length])
        refused(place, bad, "is damaged|is no backup")
    assert place.is_untouched
    bad.write_bytes(whole)
    place.restore(bad)


@pytest.mark.parametrize("change", ["left out", "twice", "added", "other rows", "a link", "foreign", "compressed"])
def test_an_archive_that_was_put_together_otherwise_is_refused(change, archive, new_place, tmp_path):
    parts, place, bad = members(archive), new_place(), tmp_path / "bad.tar"
    at = next(number for number, (member, _data) in enumerate(parts) if member.name.startswith("contents/"))
    if change == "left out":
        del parts[at]
    elif change == "twice":
        parts.insert(at, parts[at])
    elif change == "added":
        parts.insert(at, (tarfile.TarInfo("../../etc/passwd"), b"root"))
    elif change == "other rows":
        member, data = parts[3]
        parts[3] = (member, data.replace(b"student", b"teacher") + b"[]\n")
    elif change == "a link":
        link = tarfile.TarInfo("secret.key")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        parts.insert(at, (link, b""))
    elif change == "foreign":
        del parts[0]
    with tarfile.open(bad, "w:gz" if change == "compressed" else "w") as tar:
        for member, data in parts:
            if member.isfile():
                member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    if change == "compressed":
        bad.write_bytes(bad.read_bytes()[:-2000])
    refused(place, bad, "is no backup" if change == "foreign" else "is damaged")
    assert place.is_untouched


def test_what_is_not_empty_is_left_alone(archive, new_place, demo):
    keyed = new_place()
    keyed.key_file.write_text("another key")
    with pytest.raises(InfrastructureError, match="holds another key than the backup"):
        keyed.restore(archive)
    assert keyed.is_untouched

    used = new_place()
    used.database.migrate()
    with used.database.write() as session:
        session.add(User(login="ana", name="Ana", created_at=datetime.now(UTC)))
    before = used.rows()
    refused(used, archive, "is not empty: 1 rows in user")
    assert used.rows() == before

    shared = new_place()
    with shared.database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE wiki (id INTEGER)")
    refused(shared, archive, "has a table wiki, which is none of Gradiente's")

    full = new_place()
    full.store.put(b"somebody's work")
    refused(full, archive, "is not of this backup")
    assert list(full.contents().values()) == [b"somebody's work"]


def test_after_a_failure_in_the_middle_another_try_goes_through(demo, archive, new_place, monkeypatch):
    place = new_place(max_size=3000)
    refused(place, archive, "at most 3000 are kept")
    assert not Path(place.database.engine.url.database).exists(), "rows come last"
    place.store.max_size = 8_000_000

    with monkeypatch.context() as patch:
        patch.setattr("server.backup.restoring.set_sequences", failing(RuntimeError()))
        with pytest.raises(RuntimeError):
            place.restore(archive)
    assert not any(place.rows().values()), "all rows or none"

    place.restore(archive)
    assert place.rows() == demo.rows()


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_rows_that_refer_to_nothing_are_refused(kind, archive, new_place, tmp_path, request):
    """And the order in which rows come does not matter."""
    parts, bad = members(archive), tmp_path / "bad.tar"
    with bad.open("wb") as file, Writer(file) as writer:
        for member, data in sorted(parts, key=lambda part: part[0].name != "gradiente-backup.json"):
            found = re.fullmatch(r"tables/(\w+)/\d+\.jsonl", member.name)
            if found and found[1] != "user":
                columns, *rows = map(json.loads, data.splitlines())
                writer.add_table(found[1], columns, rows)
            elif member.name == "gradiente-backup.json":
                writer.add(member.name, data)
        # Last, and without the first one.
        columns, _first, *rows = map(
            json.loads, next(data for member, data in parts if "/user/" in member.name).splitlines()
        )
        writer.add_table("user", columns, rows)
        writer.seal([], [], 0)
    place = new_place(request.getfixturevalue("postgres_address") if kind == "postgres" else "")
    refused_after(place, bad, "did not take the rows: .*(FOREIGN KEY|foreign key)")
    assert not any(place.rows().values())


def refused_after(place: Place_, source: Path, why: str) -> None:
    with pytest.raises(InfrastructureError, match=why):
        place.restore(source)


def test_a_backup_that_cannot_be_written_leaves_nothing(demo, tmp_path, monkeypatch):
    path = tmp_path / "a.tar"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", failing(OSError(28, "No space left on device")))
        with pytest.raises(InfrastructureError, match="No space left on device"):
            make(demo.database, demo.store, "", str(path))
    with monkeypatch.context() as patch:
        patch.setattr(demo.store, "pieces", failing(StoreError("it is down")))
        with pytest.raises(StoreError):
            make(demo.database, demo.store, "", str(path))
    assert list(tmp_path.iterdir()) == []
    path.write_text("an earlier one")
    with pytest.raises(InfrastructureError, match="is there already"):
        make(demo.database, demo.store, "", str(path))
    assert path.read_text() == "an earlier one"


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_given: object) -> None:
        raise error

    return fail


def run(*words: str | Path, status: int = 0, input: bytes | None = None):
    found = CliRunner().invoke(cli, [str(word) for word in words], input=input)
    assert found.exit_code == status, found.output
    return found


def test_the_commands(demo, archive, tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    for variable in [name for name in os.environ if name.startswith("GRADIENTE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    assert "Whole" in run("restore", archive, "--check").output
    assert not first.exists()
    run("restore", archive, "--instance", first)
    assert oct(first.stat().st_mode)[-3:] == "700"
    assert "0 missing, 0 damaged" in run("store", "check", "--instance", first).output

    piped = run("backup", "-", "--instance", first)
    run("restore", "-", "--instance", second, input=piped.stdout_bytes)
    assert Database(f"sqlite:///{second / 'portal.sqlite'}").engine.url
    assert "is not empty" in run("restore", archive, "--instance", second, status=3).output
    run("backup", second / "a.tar.gz", "--instance", second)
    with (second / "a.tar.gz").open("rb") as file:
        assert file.read(2) == b"\x1f\x8b"
    assert "No portal in" in run("backup", tmp_path / "b.tar", "--instance", tmp_path / "third", status=3).output

    lost = next(second.glob("uploads/??/*"))
    lost.unlink()
    (second / "uploads" / "00" / ("0" * 64)).write_bytes(b"")
    os.utime(second / "uploads" / "00" / ("0" * 64), (0, 0))
    assert f"missing: {lost.name}" in run("store", "check", "--instance", second, status=1).output
    assert lost.name in run("backup", tmp_path / "c.tar", "--instance", second, status=1).output
    assert "1 without a row. To delete" in run("store", "collect", "--instance", second).output
    assert "1 without a row, 1 deleted" in run("store", "collect", "--delete", "--instance", second).output


def test_of_a_portal_that_runs_while_it_is_being_handed_submissions(start, tmp_path):
    """The real command, backed up while a student hands in; then another portal, where the student finds it all."""
    from tests.server.running import RunningPortal

    stub = default_catalogue().find("sigmoid").stub.read_text(encoding="utf-8")
    portal, pages, is_over = start(), [], threading.Event()
    portal.log_in_as_demo()

    def hand_in() -> None:
        while not is_over.is_set() and len(pages) < 15:
            try:
                page = portal.send("/exercises/sigmoid", code=f"{stub}\n# attempt {len(pages)}\n")[0]
            except urllib.error.HTTPError:  # too many wait
                is_over.wait(0.5)
            else:
                pages.append(urllib.parse.urlparse(page).path)

    busy = threading.Thread(target=hand_in)
    busy.start()
    wait_until(lambda: len(pages) >= 2 or not busy.is_alive())
    received = list(pages)
    run("backup", tmp_path / "a.tar", "--instance", tmp_path / "data")
    is_over.set()
    busy.join(60)
    assert portal.stop() == 0

    run("restore", tmp_path / "a.tar", "--instance", tmp_path / "elsewhere" / "data")
    assert (tmp_path / "elsewhere/data/secret.key").read_text() == (tmp_path / "data/secret.key").read_text()
    again = RunningPortal(tmp_path / "elsewhere" / "data")
    try:
        again.log_in_as_demo(portal.greeting)
        assert len(received) >= 2
        for number, page in enumerate(received):
            again.wait_for(page, "graded")
            assert f"# attempt {number}" in again.read(f"{page}/file")[1]
    finally:
        again.stop()
    run("store", "check", "--instance", tmp_path / "elsewhere" / "data")


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if is_so():
            return
        threading.Event().wait(0.05)
    pytest.fail("it never came to that")
