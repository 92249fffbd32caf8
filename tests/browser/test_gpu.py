"""A submission whose last test asks for a GPU: the page shows the first part at once and takes up the second by itself.

The GPU is a stand-in that torch calls the CPU; portal, grader and browser are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from grader.device.health import Finding
from grader.pool import Grader
from server import create_app
from server.db import Database
from tests.grader.device.tree import REFERENCE, stand_in, write_tree
from tests.server.served import served

HIDDEN = '''
import time

import pytest


@pytest.mark.gpu
def test_trains_on_a_gpu(student, training):
    """Trains on a GPU.

    pt: Treina em uma GPU.
    """

    def reached(run):
        for step in range(20):
            run.report(step, loss=1 / (step + 1))
            time.sleep(0.1)
        return student.train(run.device)

    training.check(reached)
'''


@pytest.fixture(scope="module")
def app(browser: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    root: Path = tmp_path_factory.mktemp("gpu")
    catalogue = write_tree(root, hidden=HIDDEN)
    database = Database(f"sqlite:///{root / 'portal.sqlite'}")
    database.migrate()
    database.close()
    settings = {"DATA_DIR": root, "SECRET_KEY": "test", "JOBS": 1, "LANGUAGE": "en"}
    with Grader(catalogue, gpus=[stand_in()], check=lambda gpu: Finding()) as grader:
        made = create_app(settings, catalogue=catalogue, grade=grader.grade, gpus=grader.ledger)
        dispatcher = made.extensions["portal"].dispatcher
        dispatcher.start()
        yield made
        dispatcher.close()
        grader.close()
        dispatcher.join(5)


def test_the_report_comes_first_and_the_gpus_part_joins_it_without_a_reload(app: Flask, browser: Any) -> None:
    with served(app) as address:
        page = browser.new_page()
        page.goto(f"{address}/sign-up")
        for name, text in {
            "login": "ana",
            "name": "Ana",
            "password": "a long password",
            "repeated": "a long password",
        }.items():
            page.fill(f"[name={name}]", text)
        page.click("main button")
        page.goto(f"{address}/exercises/twin")
        page.set_input_files(
            "input[type=file]", {"name": "twin.py", "mimeType": "text/plain", "buffer": REFERENCE.encode()}
        )
        page.locator("form[enctype] button[type=submit], form[enctype] button:not([type])").last.click()
        page.wait_for_url("**/submissions/*")
        page.evaluate("window.stayed = true")

        page.wait_for_selector(".live[data-part=gpu]", timeout=120_000)
        assert page.inner_text("#tests") == "1 of 2 tests passed"
        page.wait_for_selector(".live .trainings svg", timeout=120_000)
        assert "The part on a GPU is running" in page.inner_text(".live .summary")

        page.wait_for_selector(".live", state="detached", timeout=120_000)
        assert page.inner_text("#tests") == "2 of 2 tests passed"
        assert "Stand-in 0 (cuda:0)" in page.inner_text("main")
        assert page.evaluate("window.stayed")
        page.close()
