"""A disk that is full: nothing is received by halves, what is there is graded, and all goes on when there is room."""

from __future__ import annotations

import os
import subprocess

import pytest
from sqlalchemy import create_engine

from server.models import State
from tests.faults.bench import add_journal
from tests.server.databases import migrate


@pytest.fixture
def mount():
    """Mounts small disks, where that is allowed."""
    made = []

    def small(folder, size):
        folder.mkdir(exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=777", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        made.append(folder)
        return folder

    if os.getuid() or not os.path.exists("/bin/mount"):
        pytest.skip("only root can mount a small disk")
    yield small
    for folder in reversed(made):
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Leave no room."""
    path = folder / "filler"
    size = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    with path.open("wb", buffering=0) as file:
        os.posix_fallocate(file.fileno(), 0, size)
    return path


def test_a_full_store_refuses_in_words_and_keeps_no_halves(make_bench, database, mount):
    bench = make_bench(database)
    uploads = mount(bench.data / "uploads", "128k")
    bench.hand_in(3)
    filler = fill(uploads)
    for language, text in (
        ("en", "Your submission could not be saved, so it was not received."),
        ("pt-BR", "Não foi possível salvar sua entrega; portanto, ela não foi recebida."),
    ):
        answer = bench.try_to_hand_in(language=language, key="one click")
        assert answer.status_code == 503
        assert text in answer.text
    assert [path for path in uploads.glob("*/*") if len(path.name) != 64] == []
    bench.worker()
    bench.until_graded()
    assert [row.attempt for row in bench.check()] == [1, 2, 3]

    filler.unlink()
    assert bench.try_to_hand_in(key="one click").status_code == 302
    bench.until_graded()
    assert [row.attempt for row in bench.check()] == [1, 2, 3, 4]


def test_results_wait_for_room_on_the_disk_of_the_database(make_bench, cluster, mount):
    # The table of submissions lies on a disk of its own.
    disk = mount(cluster.data.parent / "small", "2m")
    space = disk / "space"
    space.mkdir(mode=0o700)
    subprocess.run(["chown", "postgres", str(space)], check=True)
    cluster.empty()
    engine = create_engine(cluster.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TABLESPACE small LOCATION '{space}'")
    migrate(cluster.url)
    add_journal(cluster.url)
    with engine.connect() as connection:
        connection.exec_driver_sql("ALTER TABLE submission SET TABLESPACE small")
    bench = make_bench(cluster.url)
    bench.hand_in(4)
    filler = fill(disk)
    worker = bench.worker(lease=30.0)
    refused = 0

    def is_full():
        nonlocal refused
        refused += bench.try_to_hand_in().status_code == 503
        return refused and "No space left on device" in worker.said

    bench.until(is_full, "nothing more fits")
    filler.unlink()
    bench.until_graded()
    bench.until(lambda: not {State.RECEIVED, State.RUNNING} & set(bench.states()), "all are graded")
    bench.check()
    bench.close()
    cluster.empty()
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLESPACE small")
    engine.dispose()
