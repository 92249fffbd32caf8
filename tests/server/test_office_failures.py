"""Failed gradings: their causes, and another try."""

import pytest

from grader.errors import ExerciseError
from grader.report import Owner
from server.models import Grading, GradingKind, Regrade, State, Submission
from server.rules import is_counted
from tests.server import office
from tests.server.office import add_course, add_user, fail, join, logged, rows

BROKEN = "test_softmax.py: no module named nothing"
DEAD = "The worker died 3 times while grading this."


@pytest.fixture
def admin(app, portal):
    return office.log_in_admin(app, portal)


@pytest.fixture
def failed(portal):
    """Three of one cause, one of another."""
    ana, bia = add_user(portal, "ana"), add_user(portal, "bia")
    same = [fail(portal, each, Owner.EXERCISE, BROKEN) for each in (ana, bia, ana)]
    return [*same, fail(portal, bia, Owner.INFRASTRUCTURE, DEAD, slug="attention")]


def states(portal):
    return {each.id: each.state for each in rows(portal, Submission)}


def test_causes_are_counted_and_listed_with_whose_fault_it_is(admin, failed):
    page = admin.read("/office/failures")

    assert page.index("3 gradings") < page.index("1 grading<")
    assert BROKEN in page
    assert "the exercise" in page
    assert "this portal" in page
    assert "Try all 3 again" in page


def test_the_list_is_filtered(admin, failed):
    def students(query):
        table = admin.read(f"/office/failures?{query}").partition("<tbody>")[2]
        return table.count("<tr>"), table.count("/office/users/bia")

    assert students("") == (4, 2)
    assert students("owner=infrastructure") == (1, 1)
    assert students("exercise=softmax") == (3, 1)
    assert students(f"like={failed[0].id}") == (3, 1)
    assert admin.get("/office/failures?owner=nobody").status_code == 400
    assert "None that fits." in admin.read("/office/failures?exercise=nothing")


def test_one_is_tried_again_as_the_same_attempt(admin, portal, failed, grading):
    chosen = failed[0]
    answer = admin.send(f"/office/failures/{chosen.id}/retry")

    assert answer.status_code == 302
    again = rows(portal, Submission, id=chosen.id)[0]
    assert (again.state, again.attempt, again.tries, again.fault) == (State.RECEIVED, chosen.attempt, 0, None)
    assert portal.dispatcher.run_once()
    done = rows(portal, Submission, id=chosen.id)[0]
    assert (done.state, done.score) == (State.GRADED, 2)
    assert not is_counted(done)  # it was our fault, and somebody may have handed in again meanwhile
    assert admin.send(f"/office/failures/{chosen.id}/retry").status_code == 404
    assert states(portal)[failed[1].id] is State.FAILED


def test_all_of_a_cause_are_tried_again_and_no_others(admin, portal, failed):
    assert admin.send(f"/office/failures/{failed[1].id}/retry-all").status_code == 302

    assert [states(portal)[each.id] for each in failed] == [State.RECEIVED] * 3 + [State.FAILED]
    assert "3 gradings are in the line again." in admin.read("/office/failures")


def test_a_fault_of_the_exercise_can_fail_again(admin, portal, failed, grading):
    grading.error = ExerciseError("still broken", "ainda com defeito")
    admin.send(f"/office/failures/{failed[0].id}/retry")
    portal.dispatcher.run_once()

    assert rows(portal, Submission, id=failed[0].id)[0].fault == "still broken"


def test_what_was_done_is_written_down_for_each_course(admin, portal):
    courses = [add_course(portal, code) for code in ("a", "b")]
    ana = add_user(portal, "ana")
    for course in courses:
        join(portal, course, ana)
    assignments = [office.assign(portal, course, "softmax") for course in courses]
    made = [fail(portal, ana, Owner.EXERCISE, BROKEN, assignment_id=each.id) for each in (*assignments, assignments[0])]
    admin.send(f"/office/failures/{made[0].id}/retry-all")

    assert [(each.course_id, each.detail["count"], each.user_id) for each in logged(portal)] == [
        (courses[0].id, 2, None),
        (courses[1].id, 1, ana.id),
    ]
    assert {each.action for each in logged(portal)} == {"grading.retried"}


def test_other_gradings_of_a_submission_are_tried_again_too(admin, portal):
    ana = add_user(portal, "ana")
    first = office.add_submission(portal, ana, score=1, max_score=2)
    with portal.database.write() as session:
        values = {"state": State.FAILED, "owner": Owner.INFRASTRUCTURE, "fault": DEAD, "tries": 3}
        made = [Grading(submission_id=first.id, kind=kind, created_at=office.ago(), **values) for kind in GradingKind]
        session.add_all(made)
    page = admin.read("/office/failures")
    assert "3 gradings" in page
    assert "graded again" in page

    admin.send(f"/office/failures/{made[0].id}/retry-all")
    found = {each.kind: each.state for each in rows(portal, Grading)}
    again = dict.fromkeys(("shadow", "final", "device"), State.RECEIVED)
    assert found == {**again, "past": State.FAILED}
    assert rows(portal, Submission)[0].state is State.GRADED


def test_what_nobody_waits_for_any_more_is_not_listed(admin, portal):
    """Gradings of a regrade that was given up, or published without them."""
    first = office.add_submission(portal, add_user(portal, "ana"), score=1, max_score=2)
    assignment = office.assign(portal, add_course(portal, "dl"), "softmax")
    with portal.database.write() as session:
        for over in ({"cancelled_at": office.ago()}, {"published_at": office.ago()}, {}):
            regrade = Regrade(assignment_id=assignment.id, reason="x", created_at=office.ago(), **over)
            session.add(regrade)
            session.flush()
            values = {"state": State.FAILED, "owner": Owner.INFRASTRUCTURE, "fault": DEAD, "regrade_id": regrade.id}
            session.add(
                Grading(submission_id=first.id, kind=GradingKind.SHADOW, created_at=office.ago(), **values)
            )  # fmt: skip
    page = admin.read("/office/failures")

    assert page.partition("<tbody>")[2].count("<tr>") == 1
    [waited_for] = [each for each in rows(portal, Grading) if each.regrade_id == regrade.id]
    admin.send(f"/office/failures/{waited_for.id}/retry-all")
    assert sum(each.state is State.RECEIVED for each in rows(portal, Grading)) == 1


def test_what_has_not_failed_is_not_tried_again(admin, portal):
    graded = office.add_submission(portal, add_user(portal, "ana"), score=1, max_score=2)

    assert admin.send(f"/office/failures/{graded.id}/retry").status_code == 404
    assert admin.send(f"/office/failures/{graded.id}/retry-all").status_code == 404
    assert "Everything that was handed in could be graded." in admin.read("/office/failures")
    assert logged(portal) == []


def test_a_fault_is_text_and_nothing_else(admin, portal):
    fail(portal, add_user(portal, "ana"), Owner.STUDENT, "<script>alert(1)</script>")

    assert "<script>alert" not in admin.read("/office/failures")
