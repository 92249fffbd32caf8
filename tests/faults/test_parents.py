"""A warm parent of a worker is killed while something is graded: it is graded in the end, and so is what follows."""

from __future__ import annotations

import os
import signal

import pytest

from grader.pool import Grader
from server.grading.dispatch import InProcess
from tests.conftest import REFERENCE, write_tree
from tests.faults.bench import Bench

SLOW = f"import time\ntime.sleep(3)\n{REFERENCE}".encode()


LIMITS = 'module = "toys"\n[limits]\nseconds = 60\nload_seconds = 60\nmemory_mb = 512\n'


@pytest.fixture
def grading(sandboxed, database, tmp_path):
    """A bench whose portal's process grades, with a grader that may be broken."""
    toys = write_tree(tmp_path / "tree", LIMITS)
    bench = Bench(tmp_path, toys, database, "", "", slug="toy")
    parts = bench.app.extensions["portal"]
    with Grader(toys) as grader:
        engine = InProcess(parts.database, parts.store, toys, grader.grade, jobs=1, lease_seconds=5)
        engine.start()
        yield bench, grader
        engine.close()
    engine.join(30)
    bench.close()


@pytest.mark.timeout(600)
def test_a_warm_parent_that_is_killed_in_the_middle_is_started_anew(grading):
    bench, grader = grading
    for which in (0, 1):
        bench.hand_in(content=SLOW, points=6)
        bench.until(lambda: bench.told(bench.rows()[-1].id)["total"], "its tests are run")
        pid = grader.pids[which]
        os.kill(pid, signal.SIGKILL)
        bench.until_graded()
        bench.hand_in(content=REFERENCE.encode(), points=6)
        bench.until_graded()
        assert grader.pids[which] != pid
    rows = bench.check()
    assert {row.owner for row in rows} == {None}
