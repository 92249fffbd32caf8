"""Reviews of submissions: the list, the page, publishing, remarks, rubric, bundle, regrade requests."""

import io
import json
import re
import zipfile

import pytest
from sqlalchemy import select

from grader.report import Verdict
from server.account.identity import find_by_login
from server.models import (
    LineComment,
    LogEntry,
    RegradeRequest,
    RequestState,
    Result,
    Review,
    Role,
    RubricItem,
    Submission,
)
from tests.server.classroom import Classroom
from tests.server.conftest import result

CODE = b"import math\n\n\ndef f(x):\n    return '<script>alert(1)</script>'\n"


@pytest.fixture
def staff(app, new_browser):
    browser = new_browser(app.test_client())
    browser.sign_up("caio")
    return browser


@pytest.fixture
def room(portal, student, staff):
    classroom = Classroom(portal)
    classroom.admit("ana")
    classroom.admit("caio", Role.ASSISTANT)
    return classroom


@pytest.fixture
def submission(room, student, portal):
    """The id of a graded submission of the course."""
    return hand_in(portal, student)


def hand_in(portal, browser, content=CODE, name="softmax.py"):
    address = browser.hand_in(content=content, name=name)
    portal.dispatcher.run_once()
    return address.rpartition("/")[2]


def address(id, rest=""):
    return f"/courses/dl/submissions/{id}{rest}"


def save(browser, id, action="save", query="", **fields):
    page = browser.read(address(id))
    version = re.search(r'name="version" value="([^"]*)"', page)[1]
    return browser.send(address(id) + query, action=action, **{"version": version, **fields})


def add_items(room, *items):
    """Give the assignment a rubric; the items' ids."""
    with room.portal.database.write() as session:
        rows = [
            RubricItem(assignment_id=room.assignment, title=title, points=points, position=place)
            for place, (title, points) in enumerate(items)
        ]
        session.add_all(rows)
        session.flush()
        return [row.id for row in rows]


def rows(room, kind):
    with room.portal.database.reader() as session:
        return list(session.scalars(select(kind)))


def actions(room):
    return [each.action for each in rows(room, LogEntry)]


# --- the list


def test_the_list_shows_what_was_handed_in_for_the_course(room, submission, staff, student):
    student.hand_in("attention", "attention.py")  # for practice: nobody's staff sees it

    page = staff.read("/courses/dl/submissions")

    assert "1 submission<" in page
    assert address(submission) in page
    assert "counts" in page
    assert "Attention" not in page.partition("<tbody>")[2]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=ana", 2),
        ("q=bia", 1),
        ("q=zoe", 0),
        ("q=%25", 0),
        ("q=_", 0),
        ("q=%00", 3),
        ("state=graded", 3),
        ("state=failed", 0),
        ("state=nonsense", 3),
        ("counts=yes", 2),
        ("requests=yes", 1),
        ("review=no", 2),
        ("review=published", 1),
        ("review=draft", 0),
        ("q=ana&review=no&counts=yes", 1),
        ("page=99", 3),
    ],
)
def test_the_list_is_filtered(room, submission, staff, student, other, portal, query, found):
    room.admit("bia")
    hand_in(portal, student)
    theirs = hand_in(portal, other)
    save(staff, theirs, "publish", comment="Good.")
    other.send(f"/submissions/{theirs}", request="Why?")

    page = staff.read(f"/courses/dl/submissions?{query}")

    assert len(re.findall(r'<th scope="row">', page)) == found


def test_the_list_is_sorted_and_leads_from_one_to_the_next(room, submission, staff, student, other, portal, grading):
    room.admit("bia")
    theirs = hand_in(portal, other)
    grading.tests = (result(verdict=Verdict.FAILED),)
    last = hand_in(portal, student)
    expected = {
        "sort=student": [submission, last, theirs],
        "sort=student&order=down": [theirs, last, submission],
        "": [last, theirs, submission],
        "sort=score&order=down": [theirs, submission, last],
        "sort=score": [last, submission, theirs],
        "sort=attempt": [submission, theirs, last],
    }
    for query, ids in expected.items():
        listed = staff.read(f"/courses/dl/submissions?{query}").partition("<tbody>")[2]
        assert re.findall(r"submissions/([\w-]{22})", listed) == ids, query
        middle = staff.read(address(ids[1], f"?{query}"))
        assert re.search(rf'rel="prev" href="{address(ids[0])}', middle), query
        assert re.search(rf'rel="next" href="{address(ids[2])}', middle), query


def test_what_left_the_list_still_leads_to_the_next(room, submission, staff, student, portal):
    later = hand_in(portal, student)
    save(staff, submission, "publish", comment="Done.")

    page = staff.read(address(submission, "?review=no"))

    assert f'rel="prev" href="{address(later)}?review=no"' in page
    assert 'rel="next"' not in page


def test_the_list_is_cut_into_pages_and_takes_as_many_queries_for_each(room, staff, portal, counted_queries):
    with portal.database.write() as session:
        user = find_by_login(session, "ana").id
        session.add_all(
            Submission(
                id=f"s{number:03}", user_id=user, slug="softmax", assignment_id=room.assignment, attempt=number,
                form_key=f"k{number}", file_name="f.py", blob="0" * 64, size=1, created_at=room_time(number),
            )
            for number in range(1, 121)
        )  # fmt: skip
    with counted_queries() as few:
        staff.read("/courses/dl/submissions?page=3")
    with counted_queries() as many:
        page = staff.read("/courses/dl/submissions")
    assert "Page 1 of 3" in page
    assert page.count('<th scope="row">') == 50
    assert len(few) == len(many)


def room_time(number):
    from datetime import UTC, datetime, timedelta

    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)


@pytest.fixture
def counted_queries(portal):
    from contextlib import contextmanager

    from sqlalchemy import event

    @contextmanager
    def count():
        seen = []
        listen = lambda *a: seen.append(a[2])  # noqa: E731
        event.listen(portal.database.engine, "before_cursor_execute", listen)
        yield seen
        event.remove(portal.database.engine, "before_cursor_execute", listen)

    return count


# --- the page


def test_staff_reads_everything_that_is_known(room, student, staff, portal, grading, make_result):
    grading.tests = (
        make_result(
            "test_secret[seed3]", Verdict.FAILED, 1, message={"en": "Wrong <b>."}, traceback="line 3", output="<i>hi",
            detail="expected 42", hidden=True,
        ),
    )  # fmt: skip
    page = staff.read(address(hand_in(portal, student)))

    for text in ("test_secret[seed3]", "Wrong &lt;b&gt;.", "line 3", "&lt;i&gt;hi", "expected 42", "seed-1", "v1"):
        assert text in page
    assert "gradiente grade softmax softmax.py --seed seed-1 --device cpu --json" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_staff_reads_once_what_kept_all_tests_from_being_run(room, student, staff, portal, grading, make_result):
    told = {"message": {"en": "Cannot be loaded: no x."}, "traceback": "line 3", "detail": "all", "unloaded": True}
    grading.tests = tuple(make_result(name, Verdict.CRASHED, **told) for name in ("test_a", "test_b"))
    page = staff.read(address(hand_in(portal, student)))

    assert page.count("Cannot be loaded: no x.") == page.count("line 3") == 1
    assert page.count("Not run: the file could not be loaded.") == page.count(">all<") == 2


def test_a_fault_is_shown_with_its_cause(room, student, staff, portal, grading):
    from grader.errors import ExerciseError

    grading.error = ExerciseError("the suite <broke>", "a suíte quebrou")
    page = staff.read(address(hand_in(portal, student)))
    assert "Why it was not graded" in page
    assert "&lt;broke&gt;" in page


@pytest.mark.parametrize(("name", "content"), [("x.py", b"\xff\xfe\0"), ("x.zip", b"PK nonsense"), ("x.ipynb", b"[")])
def test_what_cannot_be_read_is_shown_as_far_as_it_goes(room, student, staff, portal, name, content):
    id = hand_in(portal, student, content, name)
    assert "notice problem" in staff.read(address(id))
    assert staff.get(address(id, "/file")).data == content


def test_nobody_gets_at_the_submissions_of_another_course(room, submission, staff, app, new_browser, portal):
    other_room = Classroom(portal, "ml", "attention")
    stranger = new_browser(app.test_client())
    stranger.sign_up("dora")
    other_room.admit("dora", Role.INSTRUCTOR)

    for rest in ("", "/file", "/bundle.zip"):
        assert stranger.get(f"/courses/ml/submissions/{submission}{rest}").status_code == 404
        assert stranger.get(address(submission, rest)).status_code == 404
    assert stranger.send(f"/courses/ml/submissions/{submission}", action="publish", version="").status_code == 404
    assert stranger.get(f"/courses/ml/submissions/rubric/{room.assignment}").status_code == 404
    assert stranger.get(f"/courses/ml/submissions?assignment={room.assignment}").status_code == 404
    assert submission not in stranger.read("/courses/ml/submissions")
    assert rows(room, Review) == []


def test_students_and_practice_are_kept_out(room, student, staff, portal):
    practice = student.hand_in("attention", "attention.py").rpartition("/")[2]
    assert staff.get(address(practice)).status_code == 404
    assert student.get("/courses/dl/submissions").status_code == 403
    mine = hand_in(portal, student)
    assert student.get(address(mine)).status_code == 403


# --- saving and publishing


def test_a_draft_is_staffs_alone_and_publishing_sets_the_points(room, submission, staff, student):
    good, late, _unused = add_items(room, ("Clear <names>", 1.5), ("No docstring", -0.5), ("Unused", 3))
    save(staff, submission, "save", comment="Nice <work>", item=[good, late])

    assert "Nice" not in student.read(f"/submissions/{submission}")
    assert rows(room, Result)[0].manual == 0

    assert save(staff, submission, "publish", comment="Nice <work>", item=[good, late]).status_code == 302

    page = student.read(f"/submissions/{submission}")
    assert "Nice &lt;work&gt;" in page
    assert "Clear &lt;names&gt;" in page
    assert "+1.5" in page
    assert "−0.5" in page
    assert "Unused" not in page
    found = rows(room, Result)[0]
    assert (found.manual, found.points) == (1.0, found.earned + 1.0)
    assert actions(room)[-2:] == ["review.changed", "review.published"]

    save(staff, submission, "take_back", comment="Nice", item=[good])

    assert "Nice" not in student.read(f"/submissions/{submission}")
    assert rows(room, Result)[0].manual == 0
    assert actions(room)[-1] == "review.taken_back"


def test_saving_what_is_published_changes_the_points_at_once(room, submission, staff, student):
    (item,) = add_items(room, ("Bonus", 2))
    save(staff, submission, "publish", comment="a")
    save(staff, submission, "save", comment="b", item=[item])

    assert rows(room, Result)[0].manual == 2
    assert "b</p>" in student.read(f"/submissions/{submission}")


def test_rubric_items_of_another_assignment_do_not_apply(room, submission, staff, portal):
    other_room = Classroom(portal, "ml", "attention")
    (item,) = add_items(other_room, ("Theirs", 100))

    save(staff, submission, "publish", item=[item, 99999])

    assert rows(room, Result)[0].manual == 0


def test_nothing_typed_is_lost_when_somebody_else_was_quicker(room, submission, staff):
    save(staff, submission, "save", comment="first")
    answer = save(staff, submission, "save", version="", comment="second", text="about a line", line="2")

    assert answer.status_code == 409
    assert "Somebody else saved this review" in answer.text
    assert ">second</textarea>" in answer.text
    assert ">about a line</textarea>" in answer.text
    assert rows(room, Review)[0].comment == "first"


def test_too_long_a_comment_is_refused(room, submission, staff):
    answer = save(staff, submission, "publish", comment="x" * 10_001)
    assert answer.status_code == 400
    assert "at most 10,000" in answer.text
    assert rows(room, Review) == []


@pytest.mark.parametrize("action", ["", "nonsense", "remove:", "remove:x"])
def test_an_unknown_button_is_refused(room, submission, staff, action):
    assert save(staff, submission, action).status_code == 400


# --- remarks


def test_a_remark_stands_beside_its_line(room, submission, staff, student):
    answer = save(staff, submission, "remark", line="4", text="Why <f>?", comment="kept")

    assert answer.location == address(submission) + "#line-0-4"
    assert re.search(
        r'id="line-0-4".*?remarked.*?</tr>\s*<tr class="remark">.*?Why &lt;f&gt;\?',
        staff.read(address(submission)),
        re.S,
    )
    assert "Why" not in student.read(f"/submissions/{submission}")
    assert rows(room, Review)[0].comment == "kept"

    save(staff, submission, "publish", comment="kept")
    page = student.read(f"/submissions/{submission}")
    assert re.search(r'id="line-0-4".*?Why &lt;f&gt;\?', page, re.S)
    assert "Remove" not in page

    save(staff, submission, f"remove:{rows(room, LineComment)[0].id}", comment="kept")
    assert rows(room, LineComment) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"line": "99", "text": "x"}, "There is no such line"),
        ({"line": "0", "text": "x"}, "There is no such line"),
        ({"line": "-1", "text": "x"}, "There is no such line"),
        ({"line": "x", "text": "x"}, "There is no such line"),
        ({"line": "1", "place": "7", "text": "x"}, "There is no such line"),
        ({"line": "1", "text": " "}, "Write what you want to say"),
        ({"line": "1", "text": "x" * 10_001}, "at most 10,000"),
    ],
)
def test_a_remark_needs_a_line_and_a_text(room, submission, staff, fields, problem):
    answer = save(staff, submission, "remark", **fields)
    assert answer.status_code == 400
    assert problem in answer.text
    assert rows(room, LineComment) == []


def test_a_remark_of_another_submission_is_not_removed(room, submission, staff, student, portal):
    save(staff, submission, "remark", line="1", text="stays")
    later = hand_in(portal, student)
    save(staff, later, f"remove:{rows(room, LineComment)[0].id}")
    assert len(rows(room, LineComment)) == 1


def test_remarks_on_notebooks_name_the_cell_and_on_archives_the_file(room, student, staff, portal):
    cells = [{"cell_type": "code", "source": source} for source in ("import math\nx = 1", "def f(x):\n    return x")]
    id = hand_in(portal, student, json.dumps({"cells": cells, "nbformat": 4}).encode(), "softmax.ipynb")
    answer = save(staff, id, "remark", place="1", line="2", text="In the second cell")
    assert answer.location.endswith("#line-1-2")
    assert re.search(r'id="line-1-2".*?In the second cell', staff.read(address(id)), re.S)

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("softmax.py", "from helper import g\n")
        archive.writestr("helper.py", "def g():\n    return 1\n")
    id = hand_in(portal, student, packed.getvalue(), "softmax.zip")
    save(staff, id, "remark", place="1", line="2", text="In the helper")
    assert rows(room, LineComment)[-1].file == "helper.py"
    assert rows(room, LineComment)[-1].line == 2


# --- the rubric


def test_a_rubric_is_made_changed_and_reordered(room, staff):
    page = f"/courses/dl/submissions/rubric/{room.assignment}"
    made = {
        "title-new-1": "Style",
        "points-new-1": "1,5",
        "title-new-2": "Late",
        "points-new-2": "-2",
        "place-new-2": "1",
    }
    assert staff.send(page, **made).status_code == 302
    first, second = sorted(rows(room, RubricItem), key=lambda each: each.position)
    assert [(each.title, each.points) for each in (first, second)] == [("Late", -2.0), ("Style", 1.5)]

    change = {
        f"title-{first.id}": "Late", f"points-{first.id}": "-2", f"remove-{first.id}": "yes",
        f"title-{second.id}": "Good style", f"points-{second.id}": "2", f"place-{second.id}": "1",
    }  # fmt: skip
    staff.send(page, **change)
    assert [(each.title, each.points) for each in rows(room, RubricItem)] == [("Good style", 2.0)]
    assert actions(room) == ["rubric.changed"] * 2


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("title-new-1", "", "Write what it is for"),
        ("title-new-1", "x" * 201, "Write what it is for"),
        ("points-new-1", "", "Write a number between"),
        ("points-new-1", "nan", "Write a number between"),
        ("points-new-1", "1e9", "Write a number between"),
        ("place-new-1", "first", "Write a whole number"),
    ],
)
def test_a_rubric_that_makes_no_sense_is_refused(room, staff, field, value, problem):
    form = {
        "title-new-1": "Style",
        "points-new-1": "1",
        "title-new-2": "kept as typed",
        "points-new-2": "3",
        field: value,
    }
    answer = staff.send(f"/courses/dl/submissions/rubric/{room.assignment}", **form)
    assert answer.status_code == 400
    assert problem in answer.text
    assert 'value="kept as typed"' in answer.text
    assert rows(room, RubricItem) == []


def test_changing_the_rubric_changes_published_reviews(room, submission, staff):
    (item,) = add_items(room, ("Bonus", 2))
    save(staff, submission, "publish", item=[item])
    page = f"/courses/dl/submissions/rubric/{room.assignment}"

    staff.send(page, **{f"title-{item}": "Bonus", f"points-{item}": "3"})
    assert rows(room, Result)[0].manual == 3

    staff.send(page, **{f"title-{item}": "Bonus", f"points-{item}": "3", f"remove-{item}": "yes"})
    assert rows(room, Result)[0].manual == 0


# --- the bundle


@pytest.mark.parametrize(
    ("name", "safe"),
    [("softmax.py", "softmax.py"), ("-rf $(x).py", "rf_x.py"), ("con.py", "_con.py"), ("ção.ipynb", "o.ipynb")],
)
def test_the_bundle_holds_all_that_grades_it_again(room, student, staff, portal, name, safe):
    content = CODE if name.endswith(".py") else b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}'
    id = hand_in(portal, student, content, name)
    answer = staff.get(address(id, "/bundle.zip"))

    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert sorted(archive.namelist()) == sorted(["README.txt", "report.json", safe])
        assert archive.read(safe) == content
        readme = archive.read("README.txt").decode()
        report = json.loads(archive.read("report.json"))
    assert f"gradiente grade softmax {safe} --seed seed-1 --device cpu --json" in readme
    assert (report["seed"], report["exercise_version"]) == ("seed-1", "v1")
    assert "detail" in report["tests"][0]


# --- regrade requests


def test_a_student_asks_and_reads_the_answer(room, submission, staff, student):
    answer = student.send(f"/submissions/{submission}", request="Line 4 is <right>.\r\nPlease look.")
    assert answer.location == f"/submissions/{submission}#asking"
    assert "1 student waits for an answer" in staff.read("/courses/dl/submissions")
    assert "Line 4 is &lt;right&gt;.\nPlease look." in staff.read(address(submission))
    assert "Ask for a regrade" not in student.read(f"/submissions/{submission}")

    assert save(staff, submission, "grant", answer=" ").status_code == 400
    assert save(staff, submission, "grant", answer="You are <right>.").status_code == 302

    page = student.read(f"/submissions/{submission}")
    assert "granted" in page
    assert "You are &lt;right&gt;." in page
    assert "Ask for a regrade" in page
    assert "request.answered" in actions(room)


def test_an_answer_that_came_second_is_kept_but_not_sent(room, submission, staff, student):
    student.send(f"/submissions/{submission}", request="Please look.")
    save(staff, submission, "decline", answer="No.")
    answer = save(staff, submission, "grant", answer="Yes.")

    assert answer.status_code == 400
    assert "answered in the meantime" in answer.text
    assert ">Yes.</textarea>" in answer.text
    assert rows(room, RegradeRequest)[0].state is RequestState.DECLINED


@pytest.mark.parametrize(("text", "problem"), [("", "Write what should be"), ("x" * 2001, "at most 2,000")])
def test_a_request_says_something_short(room, submission, student, text, problem):
    answer = student.send(f"/submissions/{submission}", request=text)
    assert answer.status_code == 400
    assert problem in answer.text
    assert f">{text}</textarea>" in answer.text


def test_there_is_one_open_request_at_a_time(room, submission, student):
    student.send(f"/submissions/{submission}", request="first")
    answer = student.send(f"/submissions/{submission}", request="second")
    assert answer.status_code == 400
    assert "You have asked already." in answer.text
    assert [each.text for each in rows(room, RegradeRequest)] == ["first"]


def test_nobody_asks_about_practice_or_for_somebody_else(room, submission, student, other, portal):
    practice = student.hand_in("attention", "attention.py")
    portal.dispatcher.run_once()
    assert student.send(practice, request="x").status_code == 404
    assert "Ask for a regrade" not in student.read(practice)
    assert other.send(f"/submissions/{submission}", request="x").status_code == 404
    assert rows(room, RegradeRequest) == []


def test_the_pages_speak_portuguese(room, submission, app, new_browser, staff):
    browser = new_browser(app.test_client(), "pt-BR")
    browser.log_in("caio")
    assert "Entregas" in browser.read("/courses/dl/submissions")
    assert "Publicar" in browser.read(address(submission))
