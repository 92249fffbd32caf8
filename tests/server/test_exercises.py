"""The exercise's page, its download, and handing in."""

import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import select

from server.models import Assignment, State, Submission
from server.store import open_store
from tests.conftest import ROOT


def rows(portal):
    with portal.database.reader() as session:
        return list(session.scalars(select(Submission).order_by(Submission.attempt)))


def test_the_list_is_in_the_order_of_the_prerequisites(anonymous):
    page = anonymous.read("/")

    assert page.index("/exercises/softmax") < page.index("/exercises/attention")


def test_a_broken_exercise_does_not_take_the_others_with_it(anonymous, catalogue):
    (catalogue.exercises / "attention" / "exercise.toml").write_text("module = ")

    assert "/exercises/attention" not in anonymous.read("/")
    answer = anonymous.get("/exercises/attention")
    assert answer.status_code == 500
    assert "The others work." in answer.text


def test_the_list_shows_where_the_student_stands(student, portal, grading, make_result):
    student.hand_in("softmax")
    assert "waiting" in student.read("/")

    portal.dispatcher.run_once()
    assert "in progress" in student.read("/")

    grading.tests = (make_result(),)
    student.hand_in("softmax")
    portal.dispatcher.run_once()
    page = student.read("/")
    assert "solved" in page
    assert "1 of 2 exercises solved." in page
    assert "2 attempts" in page


def test_the_statement_is_shown_in_the_readers_language_with_the_hints_apart(anonymous):
    english, anonymous.language = anonymous.read("/exercises/softmax"), "pt-BR"
    portuguese = anonymous.read("/exercises/softmax")

    assert "<h1>Softmax</h1>" in english
    assert "<math" in english
    assert re.search(r"<summary>Hints</summary>\s*<p>Subtract the maximum.</p>", english)
    assert "<h1>Softmax em português</h1>" in portuguese
    assert re.search(r"<summary>Dicas</summary>\s*<p>Subtraia o máximo.</p>", portuguese)


def test_the_download_checks_itself_with_pytest(anonymous, tmp_path):
    answer = anonymous.get("/exercises/softmax/download")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        archive.extractall(tmp_path / "unpacked")
        assert sorted(archive.namelist()) == [
            "conftest.py",
            "pytest.ini",
            "softmax/README.md",
            "softmax/README.pt-BR.md",
            "softmax/exercise.toml",
            "softmax/softmax.py",
            "softmax/test_softmax.py",
        ]
        assert archive.read("pytest.ini") == (ROOT / "exercises" / "pytest.ini").read_bytes()

    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    folder = tmp_path / "unpacked" / "softmax"
    # Students need not have our plugins.
    bare = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout


def test_what_is_received_is_durable_before_the_page_says_so(student, portal, make_app, new_browser):
    page = student.hand_in(name="my softmax.py", content=b"y = 2\n")

    [row] = rows(portal)
    assert (row.state, row.attempt, row.file_name, row.size) == (State.RECEIVED, 1, "my softmax.py", 6)
    assert open_store(portal.settings).get(row.blob) == b"y = 2\n"
    assert "Received." in student.read(page)

    student.client.application = make_app()  # another process, after a power cut
    assert "Received." in student.read(page)


def test_pasted_code_becomes_a_file_with_the_exercises_name(student, portal):
    answer = student.send("/exercises/softmax", code="\r\nx = 'ção'\r\n")

    assert answer.status_code == 302
    [row] = rows(portal)
    assert row.file_name == "softmax.py"
    assert portal.store.get(row.blob).decode() == "\nx = 'ção'\n"


def test_attempts_are_counted_for_each_student_and_exercise(student, other, portal):
    student.hand_in("softmax")
    student.hand_in("attention")
    other.hand_in("softmax")
    student.hand_in("softmax")

    found = [(row.user_id, row.slug, row.attempt) for row in rows(portal)]
    assert sorted(found) == [(1, "attention", 1), (1, "softmax", 1), (1, "softmax", 2), (2, "softmax", 1)]


def test_a_double_click_hands_in_once(student, other, portal):
    pages = {student.hand_in(form_key="the same form") for _ in range(3)}

    assert len(pages) == 1
    assert other.hand_in(form_key="the same form") not in pages
    assert len(rows(portal)) == 2


@pytest.mark.parametrize(
    ("name", "content", "code", "sentence"),
    [
        ("", b"", "", "Choose a file or paste"),
        ("", b"", " \n ", "Choose a file or paste"),
        ("softmax.py", b"", "", "file is empty"),
        ("softmax.exe", b"MZ", "", "Only .py, .ipynb and .zip"),
        ("softmax", b"x", "", "Only .py, .ipynb and .zip"),
        (".", b"x", "", "Only .py, .ipynb and .zip"),
        ("softmax.py", b"x = 1", "x = 1", "both a file and pasted code"),
    ],
)
def test_what_cannot_be_graded_is_refused_with_the_reason(student, portal, name, content, code, sentence):
    answer = student.send("/exercises/softmax", file=(io.BytesIO(content), name), code=code)

    assert answer.status_code == 400
    assert sentence in answer.text
    assert 'role="alert"' in answer.text
    assert rows(portal) == []


def test_a_refused_paste_is_not_lost(student):
    answer = student.send("/exercises/softmax", code="x = '</textarea>'", file=(io.BytesIO(b"x"), "a.py"))

    assert "x = &#39;&lt;/textarea&gt;&#39;</textarea>" in answer.text


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("../../etc/a.py", "a.py"),
        ("C:\\Users\\ana\\a.py", "a.py"),
        ("a\r\nSet-Cookie: b.py", "aSet-Cookie: b.py"),
        ("exe\u202eyp.py", "exeyp.py"),
        ("exercício 1 (final).ipynb", "exercício 1 (final).ipynb"),
        ("x" * 300 + ".py", "x" * 110 + ".py"),
    ],
)
def test_file_names_are_taken_without_folders_and_tricks(raw, kept):
    from server.rules import clean_name

    assert clean_name(raw) == kept


def test_a_file_that_is_too_large_gets_a_friendly_page(make_app, new_browser):
    browser = new_browser(make_app(MAX_UPLOAD=20_000).test_client())
    browser.sign_up("ana")
    answer = browser.send("/exercises/softmax", file=(io.BytesIO(b"x" * 90_000), "a.py"))

    assert answer.status_code == 413
    assert "Nothing was received." in answer.text
    assert "20 kB" in answer.text


def test_a_file_just_over_the_limit_is_refused_too(make_app, new_browser):
    browser = new_browser(make_app(MAX_UPLOAD=20_000).test_client())
    browser.sign_up("ana")
    answer = browser.send("/exercises/softmax", file=(io.BytesIO(b"x" * 20_001), "a.py"))

    assert answer.status_code == 400
    assert "larger than this portal accepts" in answer.text


def test_one_student_cannot_fill_the_line(make_app, new_browser):
    browser = new_browser(make_app(MAX_WAITING=2).test_client())
    browser.sign_up("ana")
    browser.hand_in()
    browser.hand_in()
    answer = browser.send("/exercises/softmax", code="x = 1")

    assert answer.status_code == 400
    assert "still waiting" in answer.text


def assign(portal, slug="softmax", **terms):
    with portal.database.write() as session:
        session.add(Assignment(slug=slug, **{"grace_minutes": 0, "late_percent": 0.0, **terms}))


STUB = "def f(x):\n    raise NotImplementedError\n"


def code_in(page):
    found = re.search(r'<textarea id="code"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    return found and unescape(found[1])


def test_the_stub_is_in_the_editor(student):
    assert code_in(student.read("/exercises/softmax")) == STUB


def test_strangers_read_the_stub_and_have_no_form(anonymous):
    page = anonymous.read("/exercises/softmax")
    assert code_in(page) is None
    assert "NotImplementedError" in page


def test_the_untouched_stub_is_no_code(student, portal):
    crlf = "\r\n" + STUB.replace("\n", "\r\n") + "\r\n"
    answer = student.send("/exercises/softmax", code=crlf)
    assert answer.status_code == 400
    assert "still the stub" in answer.text

    student.hand_in(content=b"y = 1\n", code=crlf)
    [row] = rows(portal)
    assert portal.store.get(row.blob) == b"y = 1\n"


def test_the_last_code_can_be_loaded_into_the_editor(student, other):
    assert "code=last" not in student.read("/exercises/softmax")
    student.hand_in(content="x = 'ção </textarea>'\n".encode())
    student.hand_in(name="later.ipynb", content=b"{}")

    assert "Load attempt 1" in student.read("/exercises/softmax")
    assert code_in(student.read("/exercises/softmax?code=last")) == "x = 'ção </textarea>'\n"
    assert code_in(other.read("/exercises/softmax?code=last")) == STUB


def test_terms_are_said_before_the_button(student, portal):
    now = datetime.now(UTC)
    terms = {"due_at": now - timedelta(hours=1), "closes_at": now + timedelta(days=3, hours=2, minutes=1)}
    assign(portal, max_attempts=3, late_percent=20, **terms)
    student.hand_in()
    page = student.read("/exercises/softmax")
    form = page[page.index('<form method="post" enctype') :]

    assert "Handed in now, it counts 80%: it is 1 day late." in form
    assert "You have <strong>2</strong> attempts left." in form
    assert form.index("attempts left") < form.index("Submit")
    assert "each day begun costs 20% of the score" in page
    assert "(in 3 days 2 hours)" in page
    assert "(1 hour ago)" in page


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"opens_at": datetime(2100, 1, 1, tzinfo=UTC)}, "This exercise is not open yet."),
        ({"closes_at": datetime(2020, 1, 1, tzinfo=UTC)}, "This exercise is closed."),
        ({"max_attempts": 0}, "You have used all attempts"),
    ],
)
def test_where_nothing_is_taken_in_the_reason_stands_in_the_forms_place(student, portal, terms, reason):
    assign(portal, **terms)
    page = student.read("/exercises/softmax")

    assert reason in page
    assert 'name="file"' not in page
    assert "/exercises/softmax/download" in page


def test_what_came_too_late_is_shown_so_that_it_is_not_lost(student, portal):
    assign(portal, closes_at=datetime(2020, 1, 1, tzinfo=UTC))
    answer = student.send("/exercises/softmax", code="kept = 1")

    assert answer.status_code == 400
    assert code_in(answer.text) == "kept = 1"
    assert rows(portal) == []


def test_headings_of_the_statement_can_be_linked_to(anonymous, catalogue):
    (catalogue.exercises / "softmax" / "README.md").write_text("# T\n\n## What you *do*\n\n## What you do\n")
    page = anonymous.read("/exercises/softmax")
    assert 'id="part-what-you-do"' in page
    assert 'id="part-what-you-do-2"' in page


def test_a_full_disk_is_said_and_nothing_is_received(student, portal):
    portal.settings.uploads.parent.joinpath("uploads").write_text("a file where the folder should be")
    answer = student.send("/exercises/softmax", code="keep = 'this'")

    assert answer.status_code == 503
    assert "was not received" in answer.text
    assert "keep = &#39;this&#39;" in answer.text
    assert rows(portal) == []
