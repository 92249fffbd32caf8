"""The submission's page: waiting, live, report, history; nothing of a student's is ever run by a browser."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from flask import url_for
from werkzeug.routing import IntegerConverter

from grader.errors import ExerciseError
from grader.report import FORBIDDEN_TEST, Owner, Verdict
from server.context import now
from server.grading import queue
from server.models import Assignment, State, Submission
from tests.server.classroom import Classroom

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def graded(student, portal, **options):
    page = student.hand_in(**options)
    assert portal.dispatcher.run_once()
    return student.read(page)


def test_a_waiting_submission_tells_its_place_and_refreshes_without_script(student, other, portal):
    other.hand_in()
    page = student.read(student.hand_in())

    assert "Waiting: 2nd in line. There is no estimate yet." in page
    assert '<noscript><meta http-equiv="refresh"' in page
    assert 'role="status"' in page


def test_the_state_follows_the_grading(student, portal, grading):
    page = student.hand_in()
    seen = []
    grading.meanwhile = lambda: seen.append(student.get(page + "/state").json)

    before = student.get(page + "/state").json
    portal.dispatcher.run_once()
    after = student.get(page + "/state").json

    assert (before["state"], before["is_open"], before["total"]) == ("received", True, 0)
    assert (seen[0]["state"], seen[0]["done"], seen[0]["total"]) == ("running", 2, 2)
    assert seen[0]["summary"] == "Being graded: 2 of 2 tests done."
    assert [test["word"] for test in seen[0]["tests"]] == ["passed", "failed"]
    assert (after["state"], after["is_open"], after["tests"]) == ("graded", False, [])


def test_no_page_and_no_download_tells_a_student_the_seed(student, portal, app, grading):
    grading.changes = {"seed": "a-secret-seed"}
    page = student.hand_in()
    portal.dispatcher.run_once()
    with portal.database.reader() as session:
        assert session.get(Submission, page.rpartition("/")[2]).seed == "a-secret-seed"

    Classroom(portal).admit("ana")
    values = {"slug": "softmax", "id": page.rpartition("/")[2], "filename": "portal.js", "course": "dl"}

    def choose(name, converter):
        # A part that takes certain words or numbers alone gets one of them; any other gets something.
        if isinstance(converter, IntegerConverter):
            return 1
        return values.get(name) or next(iter(getattr(converter, "items", "1")))

    def fill(rule):
        return {name: choose(name, rule._converters[name]) for name in rule.arguments}

    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    with app.test_request_context():
        addresses = [url_for(rule.endpoint, **fill(rule)) for rule in rules]
    assert {page, page + "/state", page + "/file", "/exercises/softmax/download"} <= set(addresses)
    for address in addresses:
        answer = student.get(address)
        files = [answer.data]
        if answer.mimetype == "application/zip":
            with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
                files += [archive.read(name) for name in archive.namelist()]
        assert not any(b"a-secret-seed" in content for content in files), address


def test_the_state_tells_no_name_of_a_test(student, portal, grading):
    page = student.hand_in()
    seen = []
    grading.meanwhile = lambda: seen.append(student.get(page + "/state").json)
    portal.dispatcher.run_once()

    # A hidden test's name may carry the values of its parameters.
    assert [set(test) for test in seen[0]["tests"]] == [{"title", "verdict", "word", "sign"}] * 2


def test_the_live_page_shows_the_tests_that_are_done(student, portal, grading):
    page = student.hand_in()
    seen = []
    grading.meanwhile = lambda: seen.append(student.read(page))
    portal.dispatcher.run_once()

    assert "Title of test_g." in seen[0]
    assert '<progress max="2" value="2"' in seen[0]


def test_the_report_shows_everything_made_for_the_student(student, portal, grading, make_result):
    grading.tests = (
        make_result("test_a", hidden=False, output="my print"),
        make_result(
            "test_b",
            Verdict.CRASHED,
            points=1.5,
            message={"en": "Your code raised ValueError", "pt-BR": "Seu código lançou ValueError"},
            hint={"en": "Look at the axis.", "pt-BR": "Veja o eixo."},
            traceback="File softmax.py, line 3",
            detail="expected value 42",
        ),
    )
    page = graded(student, portal)

    for part in [
        "1 of 2 tests passed", "Title of test_a.", "public", "hidden", "my print", "crashed", "0 / 1.5 point",
        "Your code raised ValueError", "Look at the axis.", "File softmax.py, line 3", "2<span class=\"of\"> / 3.5",
    ]:  # fmt: skip
        assert part in page
    assert "expected value 42" not in page


@pytest.mark.parametrize("language", ["en", "pt-BR"])
def test_what_keeps_all_tests_from_being_run_is_told_once(student, portal, grading, make_result, language):
    student.language = language
    reason = {"en": "Your file could not be loaded. NameError: no x", "pt-BR": "Não foi possível. NameError: no x"}
    common = {"message": reason, "traceback": "File softmax.py, line 3", "unloaded": True}
    grading.tests = tuple(make_result(f"test_{each}", Verdict.CRASHED, hidden=each > 1, **common) for each in range(4))
    live = []
    grading.meanwhile = lambda: live.extend([student.read(page), student.get(page + "/state").json])
    page = student.hand_in()
    portal.dispatcher.run_once()
    report, state = student.read(page), live[1]

    for text in (live[0], report):
        assert text.count(reason[language]) == 1
    assert report.count("File softmax.py, line 3") == 1
    not_run = {"en": "Not run: your file could not be loaded.", "pt-BR": "Não executado: não foi possível carregar"}
    assert report.count(not_run[language]) == 4
    assert state["obstacle"] == reason[language]
    assert {test["word"] for test in state["tests"]} == {{"en": "not run", "pt-BR": "não executado"}[language]}


def test_a_forbidden_use_is_told_once(student, portal, grading, make_result):
    use = {"en": "Line 2 uses torch.add.", "pt-BR": "A linha 2 usa torch.add."}
    not_run = {"en": "Not run: forbidden.", "pt-BR": "Não executado: proibido."}
    grading.tests = (
        make_result(FORBIDDEN_TEST, Verdict.FAILED, 0, message=use, hidden=False),
        make_result("test_a", Verdict.SKIPPED, message=not_run),
    )
    page = graded(student, portal)

    assert page.count(use["en"]) == page.count(not_run["en"]) == 1


def test_the_report_is_read_in_portuguese(student, portal, grading, make_result):
    student.language = "pt-BR"
    grading.tests = tuple(make_result(f"test_{verdict}", verdict, 0.5) for verdict in Verdict)
    page = graded(student, portal)

    for word in ("passou", "falhou", "quebrou", "lento demais", "grande demais", "pulado", "erro do corretor"):
        assert f'<span class="verdict">{word}</span>' in page
    assert "Título de test_failed." in page
    assert "0,5" in page


@pytest.mark.parametrize("verdict", [Verdict.SKIPPED, Verdict.GRADER_ERROR, Verdict.PASSED])
def test_hints_are_for_what_the_student_got_wrong(student, portal, grading, make_result, verdict):
    grading.tests = (make_result("test_a", verdict, hint={"en": "Look at the axis."}),)

    assert "Look at the axis." not in graded(student, portal)


def test_a_file_that_cannot_be_read_is_the_students_and_says_why(student, portal, grading):
    sentence = {"en": "The notebook is no JSON.", "pt-BR": "O notebook não é JSON."}
    grading.changes = {"owner": Owner.STUDENT, "message": sentence, "tests": ()}
    page = graded(student, portal)

    assert "What you handed in could not be graded" in page
    assert "The notebook is no JSON." in page


def test_what_was_left_out_of_a_notebook_is_listed(student, portal, grading):
    grading.changes = {"left_out": ("cell 3: %matplotlib inline",)}

    assert "<li><code>cell 3: %matplotlib inline</code></li>" in graded(student, portal)


def test_a_fault_of_ours_is_explained_without_its_details(student, portal, grading):
    grading.error = ExerciseError("/srv/solutions/softmax: broken")
    page = graded(student, portal)

    assert "costs you no attempt" in page
    assert "/srv/solutions" not in page


def test_everything_from_a_student_is_shown_escaped(student, portal, grading, make_result):
    evil = {"en": EVIL, "pt-BR": EVIL}
    texts = {"title": evil, "message": evil, "hint": evil, "traceback": EVIL, "output": EVIL, "group": EVIL}
    grading.tests = (make_result(EVIL, Verdict.FAILED, **texts), make_result("test_b", output=EVIL))
    grading.changes = {"left_out": (EVIL,), "message": evil, "device": EVIL}
    page = graded(student, portal, name="<img src=x onerror=alert(1)>.py", content=EVIL.encode())

    for text in (page, student.read("/submissions"), student.read("/exercises/softmax")):
        assert re.findall(r"<script>|<img src=x", text) == []
    assert page.count("&lt;script&gt;") >= 9


def test_characters_that_fit_no_page_do_not_break_it(student, portal, grading, make_result):
    grading.tests = (make_result("test_a", Verdict.FAILED, output="half a pair: \ud800 \x00 \x1b[31m"),)

    assert "half a pair: ?" in graded(student, portal)


def test_the_source_is_shown_highlighted(student, portal):
    page = graded(student, portal, content=b"def f():\n    return '<b>'\n")

    assert '<span class="k">def</span>' in page
    assert "&lt;b&gt;" in page


def test_what_was_handed_in_comes_back_as_a_file_that_no_browser_opens(student):
    page = student.hand_in(name="a'; x=<b>.html.py", content=b"<script>alert(1)</script>")
    answer = student.get(page + "/file")

    assert answer.data == b"<script>alert(1)</script>"
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_history_marks_the_attempt_that_counts(student, portal, grading, make_result):
    graded(student, portal)
    grading.tests = (make_result("test_f", Verdict.FAILED),)
    page = graded(student, portal)

    rows = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    assert [">best</span>" in row for row in rows[1:]] == [False, True]
    assert "attempt 2" in page


def test_long_texts_are_folded_up_and_short_ones_are_open(student, portal, grading, make_result):
    long = "\n".join(map(str, range(40)))
    grading.tests = (make_result("test_a", Verdict.FAILED, output=long, traceback="line 3"),)
    page = graded(student, portal)

    assert re.findall(r'<details class="excerpt"( open)?>\s*<summary>([\w ]+)', page) == [
        (" open", "Where it happened "), ("", "Your output ")
    ]  # fmt: skip
    assert "(40 lines)" in page


def test_a_training_is_drawn_in_the_report_with_a_table(student, portal, grading, make_result):
    curve = {"train_loss": [[0, 2.0], [10, 0.5]], "validation_loss": [[0, 2.5], [10, None]]}
    grading.tests = (make_result("test_a", curve=curve),)
    page = graded(student, portal)

    assert page.count('<svg viewBox="0 0 380 230" role="img"') == 1
    assert "train_loss goes from 2 at step 0 to 0.5 at step 10." in page
    assert re.findall(r'<path class="curve (c\d)" d="M5', page) == ["c0", "c1"]
    assert (
        '<tr><th scope="row">10</th><td class="align-right">0.5</td><td class="align-right">not a number</td></tr>'
        in page
    )


def test_a_training_is_drawn_while_it_runs(student, portal, grading):
    grading.events = [
        {"event": "metric", "test": "test_g", "step": step, "values": {"loss": 1 / (step + 1)}} for step in range(5)
    ]
    page = student.hand_in()
    seen = []
    grading.meanwhile = lambda: seen.extend([student.get(page + "/state").json, student.read(page)])
    portal.dispatcher.run_once()

    assert "Training in test 2 of 2" in seen[0]["curves"]
    assert "loss goes from 1 at step 0 to 0.2 at step 4." in seen[0]["curves"]
    assert seen[0]["curves"] in seen[1]
    assert "test_g" not in seen[0]["curves"], "a hidden test's name may carry the values of its parameters"


def test_what_a_lost_grading_left_behind_is_no_progress(student, portal, grading):
    page = student.hand_in()
    with portal.database.write() as session:
        lease = queue.claim(session, now(), timedelta(minutes=1))
        queue.note(session, lease, [{"event": "started", "tests": ["test_f"]}], now(), timedelta(minutes=1))
    running = student.get(page + "/state").json
    with portal.database.write() as session:
        queue.requeue(session, now(), everything=True)
    lost = student.get(page + "/state").json
    portal.dispatcher.run_once()

    assert (running["state"], running["total"]) == ("running", 1)
    assert (lost["state"], lost["total"], lost["tests"]) == ("received", 0, [])
    assert lost["summary"].startswith("Grading was interrupted on our side and starts again; that costs you nothing.")
    assert student.get(page + "/state").json["state"] == "graded"


@pytest.mark.parametrize(("score", "parts"), [(2, ["2</dd>", "−0.6</dd>", "1.4 "]), (0, ["0</dd>", "0</dd>", "0 "])])
def test_a_late_submission_says_what_that_cost(student, portal, grading, make_result, score, parts):
    grading.tests = (make_result("test_a", Verdict.PASSED if score else Verdict.FAILED, 2),)
    with portal.database.write() as session:
        due_at = now() - timedelta(days=2, hours=3)
        session.add(Assignment(slug="softmax", due_at=due_at, late_percent=10.0))
    page = graded(student, portal)

    assert "3 days begun after the due date. That costs 30% of the points that are earned." in page
    assert [text in page for text in parts] == [True] * 3


def test_a_submission_in_time_says_nothing_of_lateness(student, portal):
    assert "Handed in late" not in graded(student, portal)


def test_the_list_of_submissions_starts_empty(student):
    assert "You have not handed in anything yet." in student.read("/submissions")


def test_the_history_sums_up_each_exercise(student, portal, grading, make_result):
    graded(student, portal)
    grading.tests = (make_result("test_f"),)
    graded(student, portal)
    grading.tests = (make_result("test_f", Verdict.FAILED),)
    graded(student, portal)
    graded(student, portal, slug="attention", name="attention.py")
    page = student.read("/submissions")

    assert "1 of 2 exercises solved." in page
    rows = re.findall(r"<tr>.*?</tr>", page[page.index('id="all"') :], re.DOTALL)
    assert [(">last<" in row, ">best<" in row) for row in rows[1:]] == [
        (True, True), (True, False), (False, True), (False, False)
    ]  # fmt: skip


def test_the_history_is_filtered_by_exercise(student, portal):
    first = graded_address(student, portal)
    second = graded_address(student, portal, slug="attention", name="attention.py")
    page = student.read("/submissions?exercise=attention")
    page = page[page.index('id="all"') :]

    assert second in page
    assert first not in page
    assert '<option value="attention" selected>' in page
    assert "You have handed in nothing for this exercise." in student.read("/submissions?exercise=unknown")


def graded_address(student, portal, **options):
    page = student.hand_in(**options)
    assert portal.dispatcher.run_once()
    return page


PAGES = [("", 25), ("?page=2", 5), ("?page=99", 5), ("?page=-1", 25), ("?page=x", 25)]


@pytest.mark.parametrize(("number", "shown"), PAGES)
def test_the_history_has_pages(student, portal, number, shown):
    student.hand_in()
    with portal.database.write() as session:
        for attempt in range(2, 31):
            values = {"form_key": str(attempt), "file_name": "a.py", "blob": "x", "size": 1, "state": State.FAILED}
            session.add(Submission(user_id=1, slug="softmax", attempt=attempt, created_at=now(), **values))
    page = student.read("/submissions" + number)

    assert len(re.findall(r"<tr>", page[page.index('id="all"') :])) == shown + 1
    assert ("Older" in page, "Newer" in page) == (shown == 25, shown == 5)


def test_a_submission_outlives_its_exercise(student, portal, catalogue):
    page = student.hand_in()
    (catalogue.exercises / "softmax" / "exercise.toml").unlink()
    portal.dispatcher.run_once()

    assert "costs you no attempt" in student.read(page)
    assert page in student.read("/submissions")
