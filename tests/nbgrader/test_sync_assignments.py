"""Assignments that nbgrader has made notebooks of, other names, and what only one side has."""

from __future__ import annotations

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from datetime import timedelta

from grader.errors import SubmissionError
from server.context import now

FULL = {"test_f": 2.0, "test_g[a]": 1.0, "test_g[b]": 1.0}
HALF = {"test_f": 2.0, "test_g[a]": 0.0, "test_g[b]": 1.0}
ANSWER, QUESTION = "solution-f", "explanation"


def generate(desk, name="softmax", cells=("test_f", "test_g"), *, question=False):
    """What ``nbgrader generate_assignment`` makes of an exported exercise."""
    with desk.book() as book:
        book.update_or_create_assignment(name)
        book.add_notebook(name, name)
        for cell in cells:
            book.add_grade_cell(cell, name, name, max_score=2.0, cell_type="code")
        book.add_solution_cell(ANSWER, name, name)
        sources = [*cells, ANSWER]
        if question:
            book.add_task_cell(QUESTION, name, name, max_score=2.0, cell_type="markdown")
            sources.append(QUESTION)
        for cell in sources:
            book.add_source_cell(cell, name, name, cell_type="code")


def cells(desk, name="softmax"):
    """The gradebook's cells, by notebook."""
    with desk.book() as book:
        notebooks = book.find_assignment(name).notebooks
        return {each.name: {cell.name: cell.max_score for cell in each.grade_cells} for each in notebooks}


def test_an_exported_assignments_cells_are_the_portals_tests(desk):
    generate(desk)
    with desk.book() as book:
        book.add_student("bia")
        book.add_submission("softmax", "bia")
    desk.assign(points=10.0)
    desk.hand_in("ana", HALF | {"test_on_a_gpu": 1.0})
    desk.sync()

    # What the notebook leaves out has a notebook of its own, so that nbgrader can generate the other one again.
    assert cells(desk) == {"portal": {"test_on_a_gpu": 1.0}, "softmax": {"test_f": 2.0, "test_g": 2.0}}
    assert desk.marks("ana") == {"test_f": 2.0, "test_g": 1.0, "test_on_a_gpu": 1.0}
    assert desk.points("ana") == 8.0  # 4 of 5 points are 8 of 10
    with desk.book() as book:
        assert book.find_comment(ANSWER, "softmax", "softmax", "ana").auto_comment is not None
        # nbgrader grades nobody whose submission lacks a notebook of the assignment.
        assert book.find_grade("test_on_a_gpu", "portal", "softmax", "bia").score == 0.0
    desk.grade("ana", "test_g", manual_score=2.0)
    desk.sync()
    assert desk.points("ana") == 10.0


def test_points_wait_until_a_person_has_graded_all_there_is(desk):
    generate(desk, question=True)
    desk.assign()
    attempt = desk.hand_in("ana", HALF)
    desk.sync()
    desk.grade("ana", "test_g", manual_score=2.0)
    desk.comment("ana", "Why?", QUESTION)
    account = desk.sync()
    assert ([each.login for each in account.decisions if each.waits], desk.sent) == (["ana"], [])
    desk.grade("ana", QUESTION, manual_score=1.5)
    desk.sync()
    assert desk.review(attempt).comment == "From nbgrader:\n– explanation: Why?"
    assert (desk.points("ana"), desk.total("ana")) == (5.5, 5.5)
    reason = "nbgrader's gradebook: 5.5 of 6 points. test_g 2; explanation 1.5."
    assert desk.result("ana").override_reason == reason


def test_work_that_came_in_through_nbgrader_alone_counts_on_the_portal(desk):
    generate(desk, question=True)
    desk.assign()
    with desk.book() as book:
        book.add_student("ana")
        book.add_submission("softmax", "ana", timestamp=now())
    for cell, score in (("test_f", 2.0), ("test_g", 0.0)):
        desk.grade("ana", cell, auto_score=score)
    assert desk.sync().is_settled
    assert desk.sent == []
    desk.grade("ana", QUESTION, manual_score=2.0)
    desk.sync()
    assert desk.points("ana") == 4.0
    assert "graded in nbgrader" in desk.result("ana").override_reason

    # Now something else comes in on the portal: nobody guesses which of both it is to be.
    desk.hand_in("ana", HALF)
    account = desk.sync()
    assert [(each.what, each.portal, each.gradebook) for each in account.conflicts] == [("test_g", 1.0, 0.0)]
    assert desk.points("ana") == 4.0
    assert desk.sync(take="portal").is_settled
    assert desk.sync().is_settled
    assert desk.marks("ana")["test_g"] == 1.0
    assert desk.points("ana") == desk.total("ana") == 5.0


def test_a_cell_that_came_after_the_submission_has_a_row(desk):
    generate(desk, cells=("test_f",))
    desk.assign()
    with desk.book() as book:
        book.add_student("ana")
        book.add_submission("softmax", "ana")
        book.add_grade_cell("test_g", "softmax", "softmax", max_score=4.0, cell_type="code")
    desk.hand_in("ana", HALF)
    assert desk.sync().is_settled
    # Points are those of the gradebook's cells, as when nbgrader grades.
    assert desk.marks("ana") == {"test_f": 2.0, "test_g": 2.0}


def test_a_test_that_is_gone_gives_no_points_any_more(desk):
    desk.assign()
    desk.hand_in("ana", HALF)
    desk.sync()
    with desk.book() as book:
        book.add_grade_cell("talk", "softmax", "softmax", max_score=5.0, cell_type="code")  # somebody's own
    desk.hand_in("ana", {"test_f": 2.0, "test_new": 1.0, "test_newer": 1.0})
    desk.sync()
    assert desk.marks("ana") == {"test_f": 2.0, "test_g": 0.0, "test_new": 1.0, "test_newer": 1.0, "talk": None}
    assert cells(desk)["softmax"] == {"test_f": 2.0, "test_g": 0.0, "test_new": 1.0, "test_newer": 1.0, "talk": 5.0}
    assert desk.total("ana") == desk.points("ana") == 4.0


def test_what_the_portal_does_not_know_is_not_written(desk):
    generate(desk)
    desk.assign(due_at=now(), late_percent=50.0)
    attempt = desk.hand_in("ana", {"test_f": 2.0}, late=timedelta(hours=1), is_provisional=True)
    desk.sync()
    assert (desk.marks("ana"), desk.total("ana")) == ({"test_f": 2.0, "test_g": None}, 1.0)

    # The hidden tests have run after the deadline; later the report is too old to be kept.
    other = desk.hand_in("ana", FULL, late=timedelta(hours=1))
    desk.sync()
    assert (desk.marks("ana"), desk.total("ana")) == ({"test_f": 2.0, "test_g": 2.0}, 2.0)
    for each in (attempt, other):
        desk.forget(each)
    with desk.written() as statements:
        assert desk.sync().is_settled
    assert statements == []


def test_an_assignment_that_nbgrader_has_not_generated_waits_for_that(desk, tmp_path):
    desk.assign()
    (tmp_path / "softmax.ipynb").write_text("{}")
    desk.sources["softmax"] = tmp_path
    before = desk.content()
    account = desk.sync()
    assert "nbgrader generate_assignment softmax" in str(account.apart)
    assert (desk.content(), account.is_settled) == (before, False)
    generate(desk)
    assert desk.sync().is_settled


def test_another_assignment_is_not_filled_with_these_points(desk):
    generate(desk, cells=("part-1", "part-2"))
    desk.assign()
    desk.hand_in("ana", FULL)
    before = desk.content()
    account = desk.sync()
    assert "none of the gradebook's cells (part-1, part-2) is a test" in account.apart.text["en"]
    assert desk.content() == before


def test_another_name_is_remembered(desk):
    generate(desk, name="ps1", cells=("test-f", "g"))  # from which an exercise was made
    desk.assign()
    desk.hand_in("ana", HALF)
    assert desk.sync(names={"softmax": "ps1"}).is_settled
    assert desk.sync("ps1").is_settled
    assert desk.marks("ana", "ps1") == {"test-f": 2.0, "g": 1.0}
    assert desk.strangers.assignments == []
    with pytest.raises(SubmissionError, match="no assignment 'ps2'"):
        desk.sync("ps2")
    desk.assign("attention")
    with pytest.raises(SubmissionError, match="would be ps1 in the gradebook"):
        desk.sync_all(names={"attention": "ps1"})


def test_what_only_the_gradebook_has_is_named_and_left_alone(desk):
    generate(desk, name="ps0")
    desk.assign()
    desk.assign("attention", is_published=False)
    with desk.book() as book:
        for login in ("carl", "d+e"):
            book.add_student(login)
            book.add_submission("ps0", login)
    accounts = desk.sync_all()
    assert [each.task.name for each in accounts] == ["softmax"]
    assert (desk.strangers.assignments, desk.strangers.students) == (["attention", "ps0"][1:], ["carl", "d+e"])
    with pytest.raises(SubmissionError, match="'carl' is no student"):
        desk.sync(students=frozenset({"carl"}))


def test_an_extension_and_a_changed_due_date(desk):
    due = now().replace(microsecond=0)
    desk.assign(due_at=due)
    desk.hand_in("ana", HALF)
    path = "/courses/dl/assignments/softmax/extensions/ana"
    desk.portal()._change("PUT", path, {"due_at": (due + timedelta(days=2)).isoformat()}, {})
    desk.sync()
    with desk.book() as book:
        assert book.find_submission("softmax", "ana").extension == timedelta(days=2)
        book.update_or_create_assignment("softmax", duedate=due + timedelta(days=1))
    [conflict] = desk.sync().conflicts
    assert (conflict.what, conflict.student) == ("due", "")
    assert desk.sync(take="portal").is_settled
    with desk.book() as book:
        assert book.find_assignment("softmax").duedate == due.replace(tzinfo=None)


def test_names_that_are_there_stay(desk):
    desk.assign()
    with desk.book() as book:
        book.add_student("ana", first_name="Ana Maria", last_name="Braga")
    desk.sync()
    with desk.book() as book:
        assert [(each.id, each.last_name) for each in book.students] == [("bia", "Bia"), ("ana", "Braga")]


def test_a_trial_changes_nothing_at_all(desk, tmp_path):
    desk.assign()
    desk.hand_in("ana", HALF)
    before = (tmp_path / "gradebook.db").read_bytes()
    account = desk.sync(is_trial=True)
    assert [each.changes_gradebook for each in account.decisions] == [True, False]
    assert (tmp_path / "gradebook.db").read_bytes() == before
    desk.address = f"sqlite:///{tmp_path / 'none.db'}"
    assert desk.sync(is_trial=True).students == {"ana", "bia"}
    assert not (tmp_path / "none.db").exists()
