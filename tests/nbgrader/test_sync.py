"""The gradebook and the portal, kept in step."""

from __future__ import annotations

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install gradiente[nbgrader]")

from datetime import timedelta

from server.context import now

FULL = {"test_f": 2.0, "test_g[a]": 1.0, "test_g[b]": 1.0}
HALF = {"test_f": 2.0, "test_g[a]": 0.0, "test_g[b]": 1.0}
DAY = timedelta(days=1)


def test_scores_go_into_the_gradebook_and_a_second_run_writes_nothing(desk):
    due = now().replace(microsecond=0)
    desk.assign(due_at=due, late_percent=50.0)
    desk.hand_in("ana", HALF)
    desk.hand_in("ana", FULL, late=DAY / 2)
    desk.hand_in("bia", FULL, late=DAY / 2)
    account = desk.sync()

    assert (account.is_settled, desk.sent) == (True, [])
    assert desk.marks("ana") == {"test_f": 2.0, "test_g": 1.0}
    assert desk.marks("bia") == {"test_f": 2.0, "test_g": 2.0}
    with desk.book() as book:
        assignment, sheet = book.find_assignment("softmax"), book.find_submission("softmax", "ana")
        assert (assignment.duedate, assignment.max_score) == (due.replace(tzinfo=None), 4.0)
        assert sheet.timestamp == assignment.duedate - DAY + timedelta(seconds=1)
        assert (sheet.needs_manual_grade, sheet.late_submission_penalty) == (False, 0.0)
        assert book.find_submission("softmax", "bia").late_submission_penalty == 2.0
        note = book.find_comment("answer", "softmax", "softmax", "ana").auto_comment
        assert note == "On the portal: attempt 1 counts, of 2."
        assert [(each.id, each.first_name, each.last_name) for each in book.students] == [
            ("ana", None, "Ana"), ("bia", None, "Bia"),
        ]  # fmt: skip
    assert [desk.total(login) for login in ("ana", "bia")] == [3.0, 2.0]
    assert [desk.points(login) for login in ("ana", "bia")] == [3.0, 2.0]

    with desk.written() as statements:
        again = desk.sync()
    assert (statements, desk.sent, again.is_settled) == ([], [], True)


def test_what_people_gave_in_the_gradebook_goes_to_the_portal(desk):
    desk.assign()
    attempt = desk.hand_in("ana", HALF)
    desk.hand_in("bia", FULL)
    desk.sync()
    desk.grade("ana", "test_g", manual_score=1.5, extra_credit=0.25)
    desk.comment("ana", "Nearly.\r\nLook at b.")
    account = desk.sync()

    assert [each.login for each in account.decisions if each.changes_portal] == ["ana"]
    assert (desk.points("ana"), desk.total("ana"), desk.points("bia")) == (3.75, 3.75, 4.0)
    result, review = desk.result("ana"), desk.review(attempt)
    assert result.override_reason == "nbgrader's gradebook: 3.75 of 4 points. test_g 1.5 and 0.25 extra."
    assert review.comment == "From nbgrader:\n– answer: Nearly.\nLook at b."
    assert review.published_at is not None

    with desk.written() as statements:
        desk.sent.clear()
        assert desk.sync(language="pt-BR").is_settled
    assert (statements, desk.sent) == ([], [])

    desk.grade("ana", "test_g", manual_score=None, extra_credit=None)
    desk.comment("ana", None)
    desk.sync()
    assert (desk.points("ana"), desk.result("ana").override, desk.review(attempt).comment) == (3.0, None, "")


def test_what_people_gave_on_the_portal_comes_into_the_gradebook(desk):
    desk.assign()
    desk.hand_in("ana", HALF)
    desk.sync()
    desk.set_points("ana", 4.0)
    desk.set_points("bia", 1.0)  # an oral exam; nothing was handed in
    desk.sync()
    assert [desk.total(login) for login in ("ana", "bia")] == [4.0, 1.0]
    assert desk.marks("ana") == {"test_f": 2.0, "test_g": 1.0, "given-on-the-portal": 1.0}

    with desk.written() as statements:
        assert desk.sync().is_settled
    assert (statements, desk.sent) == ([], [])
    desk.set_points("ana", None)
    desk.sync()
    assert desk.total("ana") == 3.0


def test_points_of_reviews_count_on_both_sides(desk):
    desk.assign()
    attempt = desk.hand_in("ana", HALF)
    portal = desk.portal()
    portal._change("PUT", "/courses/dl/assignments/softmax/rubric", {"items": [{"title": "Style", "points": 0.5}]}, {})
    item = portal._ask("/courses/dl/assignments/softmax/rubric")["items"][0]["id"]
    review = {"comment": "Neat.", "rubric": [item], "published": True}
    portal._change("PATCH", f"/courses/dl/submissions/{attempt}/review", review, {})
    desk.sync()
    assert desk.total("ana") == desk.points("ana") == 3.5
    desk.grade("ana", "test_g", manual_score=2.0)
    desk.comment("ana", "And right.")
    desk.sync()
    assert desk.total("ana") == desk.points("ana") == 4.5
    assert desk.review(attempt).comment == "Neat.\n\nFrom nbgrader:\n– answer: And right."
    with desk.written() as statements:
        assert desk.sync().is_settled
    assert statements == []


def test_what_changed_on_both_sides_is_shown_and_left_until_somebody_decides(desk):
    desk.assign()
    for login in ("ana", "bia"):
        desk.hand_in(login, HALF)
    desk.sync()
    for login in ("ana", "bia"):
        desk.grade(login, "test_f", manual_score=1.0)
        desk.set_points(login, 3.5)

    with desk.written() as statements:
        account = desk.sync()
    found = {(each.student, each.what, each.portal, each.gradebook, each.common) for each in account.conflicts}
    assert found == {("ana", "points", 3.5, 2.0, None), ("bia", "points", 3.5, 2.0, None)}
    assert (statements, desk.sent, account.is_settled) == ([], [], False)

    assert not desk.sync(take="gradebook", students=frozenset({"ana"})).conflicts
    assert (desk.points("ana"), desk.total("ana"), desk.points("bia")) == (2.0, 2.0, 3.5)
    assert not desk.sync(take="portal").conflicts
    assert (desk.points("bia"), desk.total("bia"), desk.points("ana")) == (3.5, 3.5, 2.0)
    with desk.book() as book:
        assert book.find_grade("test_f", "softmax", "softmax", "bia").manual_score == 1.0
    with desk.written() as statements:
        desk.sent.clear()
        assert desk.sync().is_settled
    assert (statements, desk.sent) == ([], [])


def test_a_score_given_by_hand_for_another_attempt_is_looked_at_again(desk):
    desk.assign()
    desk.hand_in("ana", HALF)
    desk.hand_in("bia", HALF)
    desk.sync()
    desk.grade("ana", "test_g", manual_score=1.5)
    desk.sync()
    desk.grade("bia", "test_g", manual_score=1.5)
    for login in ("ana", "bia"):
        desk.hand_in(login, FULL)
    desk.sent.clear()
    account = desk.sync()

    # Ana's was given long before; Bia's is as new as her attempt.
    again = {each.login: each.look_again for each in account.decisions}
    assert again == {"ana": ["test_g"], "bia": []}
    assert [(each.student, each.what, each.portal, each.gradebook, each.common) for each in account.conflicts] == [
        ("bia", "test_g", 2.0, 1.5, 1.0)
    ]
    assert desk.marks("ana")["test_g"] == 2.0
    assert (desk.sent, desk.points("ana"), desk.points("bia")) == ([], 3.5, 4.0)

    assert desk.sync(take="portal").is_settled
    with desk.book() as book:
        grade = book.find_grade("test_g", "softmax", "softmax", "bia")
        assert (grade.auto_score, grade.manual_score, grade.needs_manual_grade) == (2.0, 1.5, True)
    desk.grade("bia", "test_g", manual_score=1.75)
    desk.sync()
    assert desk.points("bia") == 3.75


def test_a_late_penalty_that_a_person_takes_away_stays_away(desk):
    desk.assign(due_at=now(), late_percent=50.0)
    desk.hand_in("ana", FULL, late=DAY / 2)
    desk.sync()
    assert desk.total("ana") == 2.0
    with desk.book() as book:
        book.find_submission_notebook("softmax", "softmax", "ana").late_submission_penalty = 0.5
        book.db.commit()
    desk.sync()
    assert (desk.points("ana"), desk.total("ana")) == (3.5, 3.5)
    assert desk.result("ana").override_reason.endswith("late penalty 0.5.")
    with desk.written() as statements:
        desk.sent.clear()
        assert desk.sync().is_settled
    assert (statements, desk.sent) == ([], [])


def test_a_comment_that_was_changed_on_the_portal_is_not_written_over(desk):
    desk.assign()
    attempt = desk.hand_in("ana", HALF)
    desk.sync()
    desk.comment("ana", "First.")
    desk.sync()
    with desk.parts.database.write() as session:
        review = session.merge(desk.review(attempt))
        review.comment, review.updated_at = "Mine alone.", now()
    desk.comment("ana", "Second.")
    account = desk.sync()
    assert [(each.what, each.portal) for each in account.conflicts] == [("comment", "Mine alone.")]
    assert desk.review(attempt).comment == "Mine alone."
    assert desk.sync(take="gradebook").is_settled
    assert desk.review(attempt).comment == "Mine alone.\n\nFrom nbgrader:\n– answer: Second."


def test_a_review_that_is_a_draft_stays_one(desk):
    desk.assign()
    attempt = desk.hand_in("ana", HALF)
    desk.portal()._change("PATCH", f"/courses/dl/submissions/{attempt}/review", {"comment": "Not done yet."}, {})
    desk.sync()
    desk.comment("ana", "Mine.")
    assert desk.sync().drafts == ["ana"]
    review = desk.review(attempt)
    assert review.published_at is None
    assert review.comment == "Not done yet.\n\nFrom nbgrader:\n– answer: Mine."


def test_a_run_that_was_broken_off_goes_on(desk, monkeypatch):
    desk.assign()
    desk.hand_in("ana", HALF)
    desk.sync()
    desk.grade("ana", "test_g", manual_score=2.0)
    desk.comment("ana", "Fine.")
    desk.hand_in("bia", HALF)

    class Break(Exception):
        pass

    def stop(*args):
        raise Break

    with monkeypatch.context() as patch:
        patch.setattr("grader.nbgrader.sync.memory.write", stop)
        with pytest.raises(Break):
            desk.sync()
    # The portal has it; of the gradebook's transaction nothing is left.
    assert desk.points("ana") == 4.0
    with desk.book() as book:
        assert [each.student.id for each in book.assignment_submissions("softmax")] == ["ana"]
    desk.sent.clear()
    assert desk.sync().is_settled
    assert (desk.sent, desk.marks("bia"), desk.points("ana")) == ([], {"test_f": 2.0, "test_g": 1.0}, 4.0)
    with desk.written() as statements:
        assert desk.sync().is_settled
    assert statements == []
