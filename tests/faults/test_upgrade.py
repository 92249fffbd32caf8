"""A new version comes while the old one grades: the tables change under it, and it goes on to its end."""

from __future__ import annotations

import shutil
import signal

import pytest
from sqlalchemy import create_engine

from server import db
from server.models import State
from tests.faults.bench import add_journal
from tests.server.databases import BlankPostgres

#: what a migration may do beside programs of the version before: add what they do not know
NEXT = '''
"""What the next version adds."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade() -> None:
    op.create_table("novelty", sa.Column("id", sa.Integer, primary_key=True))
    op.add_column("submission", sa.Column("novelty", sa.String(20), nullable=True))
    op.add_column("worker", sa.Column("novelty", sa.String(20), nullable=True))
'''


@pytest.fixture
def own(scratch):
    """A database of its own, whose tables may change."""
    blank = BlankPostgres(scratch.server)
    add_journal(blank.address)
    yield blank.address
    blank.drop()


@pytest.fixture
def migrations(own, tmp_path):
    """The migrations of the next version."""
    engine = create_engine(own)
    with engine.connect() as connection:
        head = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    engine.dispose()
    folder = tmp_path / "migrations"
    shutil.copytree(db.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "9999_next.py").write_text(NEXT.format(head=head), encoding="utf-8")
    return folder


def test_old_and_new_workers_grade_side_by_side_and_an_old_one_does_not_start_anew(
    make_bench, own, migrations, queues, rabbitmq
):
    bench = make_bench(own, rabbitmq)
    old_scheduler = bench.scheduler()
    old = bench.worker(seconds=0.5)
    bench.hand_in(6)
    bench.until(lambda: bench.states()[State.GRADED] >= 2, "the old worker grades")
    bench.migrate(migrations=migrations)
    before = bench.states()[State.GRADED]
    bench.until(lambda: bench.states()[State.GRADED] > before, "the old worker goes on")

    new = [bench.scheduler(migrations=migrations), bench.worker(migrations=migrations)]
    bench.hand_in(4)  # the portal is an old one, too
    bench.until_graded()
    for each in (old_scheduler, old):
        each.signal(signal.SIGTERM)
        each.wait(0)
    late = bench.worker()
    late.wait(1)
    assert "The database has the tables of revision 9999, and this program needs" in late.said
    assert "They are those of a newer version" in late.said
    bench.hand_in(3)
    bench.until_graded()
    bench.check()
    assert all(each.is_alive for each in new)
