"""Every attack against the grader: no point not earned, no secret, no trace, and nobody else disturbed."""

from __future__ import annotations

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is made of Linux namespaces", allow_module_level=True)

from grader.attack.arena import Arena
from grader.attack.corpus import find_corpus
from tests.layers import broken_layers

CORPUS = find_corpus()
CASES = CORPUS.cases()


@pytest.fixture(scope="module")
def arena(targets):
    missing = broken_layers()
    if missing:
        pytest.skip(f"no sandbox on this host: {missing[0].name}: {missing[0].detail}")
    with Arena(targets, CORPUS.folder) as arena:
        yield arena


def test_honest_submissions_get_everything(arena):
    assert {slug: arena.usual(slug).report.score for slug in arena.targets.slugs()} == {
        "vault": 17,
        "ban": 2,
        "learner": 7,
    }


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_attack_gets_what_it_must(arena, case):
    outcome = arena.attempt(case)
    assert not outcome.is_accepted, "\n".join(f"{finding.harm}: {finding.text}" for finding in outcome.findings)


def test_every_attack_says_what_it_must_get():
    needed = {"class", "tries", "must get", "control"}
    assert [case.name for case in CASES if not needed <= case.fields.keys()] == []
