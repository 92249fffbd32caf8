"""A real portal with a real grader, and a real Chromium in front of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from tests.browser.chromium import NAMES, find_chromium, launch
from tests.conftest import ROOT, write_tree
from tests.layers import broken_layers
from tests.server.running import RunningPortal

#: set by .ci/run: what must not be missing there
REQUIRED = os.environ.get("GRADIENTE_REQUIRE", "").split(",")


def missing(reason: str) -> None:
    """Skip, or fail where the browser was promised."""
    if "chromium" in REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def pytest_itemcollected(item: pytest.Item) -> None:
    """A walk through every page takes minutes, and several times as many on a busy machine."""
    item.add_marker(pytest.mark.timeout(1500))


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    playwright = pytest.importorskip("playwright.sync_api")
    if find_chromium() is None:
        missing(f"no browser on PATH: {', '.join(NAMES)}")
    if broken := broken_layers():
        pytest.skip(f"no sandbox on this host: {broken[0].name}")
    with playwright.sync_playwright() as started:
        chromium = launch(started)
        yield chromium
        chromium.close()


TRAINING = '''
import time
import torch


def test_trains(student, curve, rng):
    """Learns a line, and shows how.

    pt: Aprende uma reta, e mostra como.
    hint: Multiply by two.
    dica: Multiplique por dois.
    """
    for step in range(25):
        curve(step, loss=1 / (step + 1), accuracy=1 - 0.5 / (step + 1))
        time.sleep(0.1)
    x = torch.randn(3, generator=rng)
    assert torch.equal(student.double(x), x + x)
'''


@pytest.fixture(scope="session")
def portal(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPortal]:
    """A portal with the project's exercises and one more, whose hidden test trains for some seconds."""
    root = tmp_path_factory.mktemp("portal")
    tree = write_tree(root)
    tree.find("toy").hidden_tests.write_text(TRAINING)
    for name in ("exercises", "solutions"):
        shutil.copytree(ROOT / name / "sigmoid", root / name / "sigmoid")
    for name in ("modules.toml", "pytest.ini"):
        shutil.copy(ROOT / "exercises" / name, root / "exercises")
    options = ["--exercises", str(root / "exercises"), "--solutions", str(root / "solutions")]
    running = RunningPortal(root / "data", *options)
    yield running
    running.stop()
