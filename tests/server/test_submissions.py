"""The submission's page: waiting, live, report, history; nothing of a student's is ever run by a browser."""

import re

import pytest

from grader.errors import ExerciseError
from grader.report import Owner, Verdict

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def graded(student, portal, **options):
    page = student.hand_in(**options)
    assert portal.dispatcher.run_once()
    return student.read(page)


def test_a_waiting_submission_tells_its_place_and_refreshes_without_script(student, other, portal):
    other.hand_in()
    page = student.read(student.hand_in())

    assert "Received. 1 submission is graded before yours." in page
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


def test_the_list_of_submissions_starts_empty(student):
    assert "You have not handed in anything yet." in student.read("/submissions")


def test_a_submission_outlives_its_exercise(student, portal, catalogue):
    page = student.hand_in()
    (catalogue.exercises / "softmax" / "exercise.toml").unlink()
    portal.dispatcher.run_once()

    assert "costs you no attempt" in student.read(page)
    assert page in student.read("/submissions")
