"""What pytest quotes of failing tests."""

from __future__ import annotations

import subprocess
import sys

SUITE = """
import pytest

def helper(x):
    assert x == 2  # the line below

@pytest.mark.parametrize("x", range(5))
def test_one(x):
    helper(x)
"""
#: counts how often a whole file is parsed while failures are written
PROGRAM = """
import ast, sys
import pytest
from grader import quotes

class Counting:
    def pytest_collection_finish(self, session):
        if sys.argv[1] == "shared":
            quotes.keep_trees()
            quotes.parse_tests(session.items)
        parse = ast.parse
        ast.parse = lambda text, *more, **named: parsed.append(text) or parse(text, *more, **named)

parsed = []
pytest.main(["-p", "no:cacheprovider", "-q", sys.argv[2]], plugins=[Counting()])
print(sum(all(name in str(text) for name in ("def helper", "def test_one")) for text in parsed), file=sys.stderr)
"""


def quote(folder, how):
    suite = folder / "test_suite.py"
    suite.write_text(SUITE)
    done = subprocess.run([sys.executable, "-c", PROGRAM, how, str(suite)], capture_output=True, text=True, cwd=folder)
    return int(done.stderr), [line for line in done.stdout.splitlines() if " in 0." not in line]


def test_a_file_is_parsed_once_for_all_failures_and_they_read_as_before(tmp_path):
    alone, told = quote(tmp_path, "alone")
    shared, as_before = quote(tmp_path, "shared")
    assert shared == 0 < alone
    assert as_before == told
    assert any("assert x == 2" in line for line in told)
