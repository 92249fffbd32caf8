"""A real portal on a real database, with two small exercises; only the grading itself is chosen by each test."""

from __future__ import annotations

import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from werkzeug.test import TestResponse

from grader.exercise import Catalogue, Exercise
from grader.report import Report, TestResult, Verdict
from grader.submission import Upload
from server import create_app
from server.account import passwords
from server.context import Portal
from server.grading import recorder
from tests.conftest import ROOT
from tests.server.caller import Caller, give_token
from tests.server.databases import POSTGRES, Blank, BlankPostgres, BlankSqlite, blank_postgres
from tests.server.mailbox import Mailbox, make_certificate
from tests.server.running import RunningPortal

STATEMENT = {
    "README.md": "# Softmax\n\nTurn logits into $p_i$.\n\n## Hints\n\nSubtract the maximum.\n",
    "README.pt-BR.md": "# Softmax em português\n\nTransforme em $p_i$.\n\n## Dicas\n\nSubtraia o máximo.\n",
}
PASSWORD = "a long password"
#: services whose absence is an error
REQUIRED = os.environ.get("GRADIENTE_REQUIRE", "").split(",")


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """The real algorithm with its smallest setting: a test logs in often."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    root = tmp_path / "exercises"
    for slug, needs in (("attention", ["softmax"]), ("softmax", [])):
        folder = root / slug
        folder.mkdir(parents=True)
        for name, text in STATEMENT.items():
            (folder / name).write_text(text.replace("Softmax", slug.title()), encoding="utf-8")
        (folder / f"{slug}.py").write_text("def f(x):\n    raise NotImplementedError\n")
        (folder / f"test_{slug}.py").write_text("def test_f(student):\n    assert student\n")
        (folder / "exercise.toml").write_text(f'module = "basics"\nprerequisites = {needs}\n')
    (root / "conftest.py").write_text("import pytest\n\n\n@pytest.fixture\ndef student():\n    return 1\n")
    shutil.copy(ROOT / "exercises" / "pytest.ini", root)
    return Catalogue(root, None)


@dataclass
class Grading:
    """Grades as a test wants: with these results, or by raising this error."""

    tests: tuple[TestResult, ...] = ()
    error: Exception | None = None
    changes: dict[str, Any] = field(default_factory=dict)
    #: called in the middle of each grading
    meanwhile: Callable[[], None] = lambda: None
    uploads: list[Upload] = field(default_factory=list)
    #: what each grading was told: seed, whether hidden tests are run
    options: list[dict[str, Any]] = field(default_factory=list)
    #: told before the first test has its verdict
    events: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, exercise: Exercise, upload: Upload, /, **options: Any) -> Report:
        self.uploads.append(upload)
        self.options.append(options)
        tests = tuple(test for test in self.tests if options.get("hidden", True) or not test.hidden)
        for event in [{"event": "started", "tests": [test.name for test in tests]}, *self.events]:
            options["on_event"](event)
        for test in tests:
            options["on_event"]({"event": "test", "test": Report("", "", "", "", "", (test,)).to_store()["tests"][0]})
        self.meanwhile()
        if self.error:
            raise self.error
        seed = options.get("seed") or "seed-1"
        report = Report(options["submission"], exercise.slug, "v1", seed, "cpu", tests)
        return Report(**{**vars(report), **self.changes})


def result(name: str = "test_f", verdict: Verdict = Verdict.PASSED, points: float = 2, **texts: Any) -> TestResult:
    title = {"en": f"Title of {name}.", "pt-BR": f"Título de {name}."}
    return TestResult(**{"name": name, "title": title, "points": points, "verdict": verdict, **texts})


@pytest.fixture
def make_result() -> Callable[..., TestResult]:
    return result


@pytest.fixture
def grading() -> Grading:
    return Grading(tests=(result("test_f"), result("test_g", Verdict.FAILED, 1)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[BlankPostgres]:
    """PostgreSQL, where this machine has it."""
    with blank_postgres() as found:
        if found is None:
            (pytest.fail if "postgres" in REQUIRED else pytest.skip)(f"No PostgreSQL answers at {POSTGRES}.")
        yield found


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Blank:
    """What portals keep their rows in: SQLite, or what GRADIENTE_TEST_ON says, for the whole run."""
    if os.environ.get("GRADIENTE_TEST_ON") == "postgres":
        return request.getfixturevalue("postgres")
    return BlankSqlite(tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiling the templates anew for every test would be most of the tests' time."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(
    tmp_path: Path,
    catalogue: Catalogue,
    grading: Grading,
    empty_database: Blank,
    compiled_templates: FileSystemBytecodeCache,
) -> Iterator[Any]:
    """Makes portals on one data directory, as a restart does."""
    made: list[Flask] = []
    data = tmp_path / "data"

    @cache
    def address() -> str:
        data.mkdir()
        return empty_database.copy(data)

    def make(**settings: Any) -> Flask:
        config = {"DATABASE_URL": address(), "DATA_DIR": data, "SECRET_KEY": "test", "LANGUAGE": "en", **settings}
        made.append(create_app(config, catalogue=catalogue, grade=grading))
        made[-1].jinja_env.bytecode_cache = compiled_templates
        return made[-1]

    yield make
    for app in made:
        app.extensions["portal"].dispatcher.close()
        app.extensions["portal"].dispatcher.join(5)
        app.extensions["portal"].post.close()
        app.extensions["portal"].database.close()


@pytest.fixture(autouse=True)
def prompt_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """What happens in a grading can be read at once."""
    monkeypatch.setattr(recorder, "BATCH_SECONDS", 0.0)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app()


@pytest.fixture
def portal(app: Flask) -> Portal:
    return app.extensions["portal"]


class Browser:
    """A person in front of the portal: forms are sent with the token of the page that shows them."""

    def __init__(self, client: FlaskClient, language: str = "en") -> None:
        self.client = client
        self.language = language

    def get(self, path: str, **options: Any) -> TestResponse:
        # Buffered: files are read to their end and closed.
        return self.client.get(path, headers={"Accept-Language": self.language}, buffered=True, **options)

    def read(self, path: str) -> str:
        """The page's text."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.status
        return answer.text

    def send(self, path: str, page: str = "/log-in", **fields: Any) -> TestResponse:
        """Send a form of a page."""
        # Every page has the language form, so that even an error page gives a token.
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(page, follow_redirects=True).text)
        assert found
        data = {"csrf_token": unescape(found[1]), **fields}
        return self.client.post(path, data=data, headers={"Accept-Language": self.language})

    def sign_up(self, login: str, **fields: str) -> TestResponse:
        form = {"login": login, "name": login.title(), "password": PASSWORD, "repeated": PASSWORD, **fields}
        return self.send("/sign-up", **form)

    def log_in(self, login: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        return self.send("/log-in", login=login, password=password, **fields)

    def hand_in(
        self, slug: str = "softmax", name: str = "softmax.py", content: bytes = b"x = 1\n", **fields: Any
    ) -> str:
        """Hand a file in and return the address of the submission's page."""
        answer = self.send(f"/exercises/{slug}", file=(io.BytesIO(content), name), **fields)
        assert answer.status_code == 302, answer.text
        return answer.location


@pytest.fixture
def anonymous(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def student(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_up("ana").status_code == 302
    return browser


@pytest.fixture
def other(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert browser.sign_up("bia").status_code == 302
    return browser


@pytest.fixture
def caller(app: Flask, student: Browser) -> Caller:
    """A program with the student's token."""
    return Caller(app, give_token(app))


@pytest.fixture
def graded(caller: Caller, portal: Portal) -> str:
    """The id of a graded submission."""
    id = caller.hand_in().json["id"]
    portal.dispatcher.run_once()
    return id


@pytest.fixture
def new_browser() -> type[Browser]:
    return Browser


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningPortal]]:
    """Starts portals in processes of their own, one after the other on one data directory, as restarts do."""
    running: list[RunningPortal] = []

    def begin() -> RunningPortal:
        running.append(RunningPortal(tmp_path / "data"))
        return running[-1]

    yield begin
    for portal in running:
        if portal.process.poll() is None:
            portal.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate") / "localhost.pem")


@pytest.fixture
def make_mailbox() -> Iterator[Callable[..., Mailbox]]:
    made: list[Mailbox] = []

    def make(*options: Any, **more: Any) -> Mailbox:
        made.append(Mailbox(*options, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def mailbox(make_mailbox: Callable[..., Mailbox]) -> Mailbox:
    return make_mailbox()
