"""What counts for a student: best and last, lateness, late days, extensions, overrides."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from server.context import now
from server.course import terms
from server.course.offer import find_offer, find_offers
from server.course.results import Attempt, settle, stand, total
from server.course.terms import Terms
from server.db import Database
from server.models import (
    Assignment,
    Counting,
    Course,
    Extension,
    Hidden,
    Membership,
    Result,
    Review,
    Role,
    RubricItem,
    RubricMark,
    State,
    Submission,
    User,
    When,
)
from server.rules import Refusal

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATE = Terms(due_at=NOON, late_share=0.1)
DAYS = Terms(due_at=NOON, late_share=0.25, uses_late_days=True)
LAST = Terms(counting=Counting.LAST)


def attempt(number, score, at=NOON, most=10.0, owner=None):
    return Attempt(f"s{number}", number, at, score, most, owner)


@pytest.mark.parametrize(
    ("its", "attempts", "chosen", "share"),
    [
        (Terms(), [], None, None),
        (Terms(), [attempt(1, None, most=None)], None, None),
        (Terms(), [attempt(1, 4), attempt(2, 7), attempt(3, 5)], 2, 0.7),
        (Terms(), [attempt(1, 7), attempt(2, 7)], 1, 0.7),
        (LAST, [attempt(1, 4), attempt(2, 7), attempt(3, 5)], 3, 0.5),
        (LAST, [attempt(1, 4), attempt(2, None, most=None)], 1, 0.4),  # the last that has points
        (LATE, [attempt(1, 8, NOON - HOUR), attempt(2, 8.5, NOON + HOUR)], 1, 0.8),  # late it would be 7.65
        (LATE, [attempt(1, 5, NOON - HOUR), attempt(2, 10, NOON + HOUR)], 2, 0.9),
        (Terms(due_at=NOON, late_share=0.1, counting=Counting.LAST),
         [attempt(1, 10, NOON - HOUR), attempt(2, 10, NOON + HOUR)], 2, 0.9),
        (Terms(due_at=NOON, late_share=0.1, grace=2 * HOUR), [attempt(1, 10, NOON + HOUR)], 1, 1.0),
        (LATE, [attempt(1, 10, NOON + 20 * DAY)], 1, 0.0),
        (Terms(), [attempt(1, 3, most=5.0), attempt(2, 5, most=10.0)], 1, 0.6),  # tests were added in between
    ],
)  # fmt: skip
def test_which_attempt_counts_and_how_much(its, attempts, chosen, share):
    found = stand([(1, its, attempts)], 0)[1]

    assert (found.chosen.attempt if found.chosen else None) == chosen
    assert found.share == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("after", "budget", "share", "taken"),
    [
        (-HOUR, 3, 1.0, 0),
        (HOUR, 0, 0.75, 0),
        (HOUR, 3, 1.0, 1),
        (2 * DAY, 3, 1.0, 2),
        (3 * DAY, 2, 0.75, 2),  # what the late days do not cover costs as usual
        (9 * DAY, 2, 0.0, 2),
    ],
)
def test_late_days_come_before_cost(after, budget, share, taken):
    found = stand([(1, DAYS, [attempt(1, 10, NOON + after)])], budget)[1]

    assert (found.share, found.late_days) == (pytest.approx(share), taken)


def test_late_days_go_to_what_is_due_first():
    later = Terms(due_at=NOON + 7 * DAY, late_share=0.25, uses_late_days=True)
    work = [(1, later, [attempt(1, 10, NOON + 9 * DAY)]), (2, DAYS, [attempt(2, 10, NOON + 2 * DAY)])]
    found = stand(work, 3)

    assert (found[2].late_days, found[1].late_days) == (2, 1)
    assert (found[2].share, found[1].share) == (1.0, pytest.approx(0.75))


def test_an_attempt_in_time_takes_no_late_days():
    found = stand([(1, DAYS, [attempt(1, 10, NOON), attempt(2, 10, NOON + DAY)])], 3)[1]

    assert (found.chosen.attempt, found.late_days) == (1, 0)


def test_where_lateness_costs_nothing_no_late_days_are_taken():
    its = Terms(due_at=NOON, uses_late_days=True)

    assert stand([(1, its, [attempt(1, 10, NOON + DAY)])], 3)[1].late_days == 0


@pytest.mark.parametrize(
    ("earned", "manual", "override", "points"),
    [(None, 0, None, None), (7, 0, None, 7), (7, -2.5, None, 4.5), (1, -2, None, 0), (None, 3, None, 3), (7, 1, 0, 0),
     (None, 0, 9.5, 9.5)],
)  # fmt: skip
def test_points(earned, manual, override, points):
    assert total(earned, manual, override) == points


ZONES = [
    # (zone, due, received, days late): a day is 24 hours, whatever clocks show
    ("Europe/Lisbon", "2026-03-28T12:00", "2026-03-29T12:00", 1),  # 23 hours later
    ("Europe/Lisbon", "2026-03-28T12:00", "2026-03-29T13:00", 1),
    ("Europe/Lisbon", "2026-03-28T12:00", "2026-03-29T13:01", 2),
    ("Europe/Lisbon", "2026-10-24T12:00", "2026-10-25T11:00", 1),  # 24 hours later
    ("Europe/Lisbon", "2026-10-24T12:00", "2026-10-25T11:01", 2),
    ("America/New_York", "2026-11-01T00:30", "2026-11-01T23:30", 1),  # a day of 25 hours
    ("America/New_York", "2026-11-01T00:30", "2026-11-01T23:31", 2),
    ("America/Sao_Paulo", "2018-11-03T23:59", "2018-11-04T23:59", 1),  # midnight was skipped
    ("America/Sao_Paulo", "2026-05-10T23:59", "2026-05-11T23:59", 1),
    ("Asia/Kathmandu", "2026-05-10T23:59", "2026-05-11T00:00", 1),
]


@pytest.mark.parametrize(("zone", "due", "received", "days"), ZONES)
def test_days_late_where_clocks_change(zone, due, received, days):
    due_at, at = (datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) for text in (due, received))

    assert terms.days_late(Terms(due_at=due_at.astimezone(UTC)), at.astimezone(UTC)) == days


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ({"due_at": NOON}, {"due_at": NOON + DAY}, {"due_at": NOON + DAY}),
        ({"due_at": NOON}, {"due_at": NOON - DAY}, {"due_at": NOON}),  # it never takes anything away
        ({"due_at": NOON, "closes_at": NOON + HOUR}, {"due_at": NOON + DAY},
         {"due_at": NOON + DAY, "closes_at": NOON + DAY}),
        ({"due_at": NOON, "closes_at": NOON + HOUR, "grace_minutes": 30}, {"due_at": NOON + DAY},
         {"due_at": NOON + DAY, "closes_at": NOON + DAY + HOUR / 2}),
        ({"closes_at": NOON}, {"closes_at": NOON + DAY}, {"closes_at": NOON + DAY}),
        ({}, {"due_at": NOON}, {"due_at": None}),  # where there is no date, there is nothing to extend
        ({"max_attempts": 3}, {"more_attempts": 2}, {"max_attempts": 5}),
        ({}, {"more_attempts": 2}, {"max_attempts": None}),
    ],
)  # fmt: skip
def test_extensions(ours, theirs, expected):
    plain = {"cooldown_minutes": 0, "grace_minutes": 0, "late_percent": 0.0, "uses_late_days": False}
    found = terms.read_terms(Assignment(**{**plain, **ours}), Extension(**{"more_attempts": 0, **theirs}))

    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("its", "last_at", "refusal"),
    [
        (Terms(cooldown=HOUR), None, None),
        (Terms(cooldown=HOUR), NOON - HOUR / 2, Refusal.COOLDOWN),
        (Terms(cooldown=HOUR), NOON - HOUR, None),
        (Terms(), NOON, None),
        (Terms(cooldown=HOUR, max_attempts=1), NOON, Refusal.NO_ATTEMPTS),  # waiting would not help
    ],
)
def test_the_pause_between_attempts(its, last_at, refusal):
    assert terms.check(its, NOON, 1, last_at) is refusal


HIDE = {"due_at": NOON, "hidden_shown": When.AFTER_DEADLINE}


@pytest.mark.parametrize(
    ("its", "at", "shown", "has_points"),
    [
        (Terms(), NOON, Hidden.TITLE, True),
        (Terms(hidden=Hidden.NOTHING), NOON, Hidden.NOTHING, True),  # without a deadline points are never a secret
        (Terms(hidden=Hidden.NOTHING, due_at=NOON), NOON, Hidden.NOTHING, False),
        (Terms(hidden=Hidden.NOTHING, due_at=NOON), NOON + HOUR, Hidden.NOTHING, True),
        (Terms(**HIDE), NOON, Hidden.NOTHING, False),
        (Terms(**HIDE), NOON + HOUR, Hidden.TITLE, True),
        (Terms(**HIDE, hidden=Hidden.VERDICT), NOON + HOUR, Hidden.VERDICT, True),
        (Terms(**HIDE, closes_at=NOON + DAY), NOON + HOUR, Hidden.NOTHING, False),
        (Terms(**HIDE, grace=2 * HOUR), NOON + HOUR, Hidden.NOTHING, False),
        (Terms(hidden_shown=When.AFTER_DEADLINE), NOON, Hidden.TITLE, True),
    ],
)
def test_what_is_shown_of_hidden_tests(its, at, shown, has_points):
    assert terms.shows_hidden(its, at) is shown
    assert terms.shows_points(its, at) is has_points


@pytest.fixture
def database(tmp_path):
    found = Database(f"sqlite:///{tmp_path / 'portal.sqlite'}")
    found.migrate()
    yield found
    found.close()


class World:
    """A course with one assignment and one student."""

    def __init__(self, session):
        self.session = session
        self.course = Course(code="dl", title="Deep learning", late_days=2, created_at=NOON)
        self.student = User(login="ana", name="Ana", created_at=NOON)
        session.add_all([self.course, self.student])
        session.flush()
        self.member = Membership(course_id=self.course.id, user_id=self.student.id, created_at=NOON)
        session.add(self.member)
        self.assignment = self.assign("sigmoid", due_at=NOON, points=100.0, late_percent=10.0)
        self.number = 0

    def assign(self, slug, **values):
        made = Assignment(course_id=values.pop("course_id", self.course.id), slug=slug, **values)
        self.session.add(made)
        self.session.flush()
        return made

    def hand_in(self, score, at=NOON, user=None, assignment=None):
        self.number += 1
        made = Submission(
            user_id=(user or self.student).id, slug="sigmoid", assignment_id=(assignment or self.assignment).id,
            attempt=self.number, form_key=str(self.number), file_name="a.py", blob="b", size=1, created_at=at,
            state=State.GRADED, score=score, max_score=10.0,
        )  # fmt: skip
        self.session.add(made)
        self.session.flush()
        return made

    def settle(self):
        settle(self.session, self.course.id, now())
        self.session.flush()
        return self.session.get(Result, (self.assignment.id, self.student.id))


@pytest.fixture
def world(database):
    with database.write() as session:
        yield World(session)


def test_a_result_follows_submissions_extensions_and_reviews(world):
    assert world.settle() is None
    late = world.hand_in(8, NOON + HOUR)
    result = world.settle()
    assert (result.submission_id, result.attempts, result.days_late, result.points) == (
        late.id,
        1,
        1,
        pytest.approx(72),
    )
    world.session.refresh(late)
    assert late.credit == pytest.approx(0.9)

    extension = Extension(
        assignment_id=world.assignment.id, user_id=world.student.id, due_at=NOON + DAY, created_at=NOON
    )
    world.session.add(extension)
    assert world.settle().points == pytest.approx(80)

    item = RubricItem(assignment_id=world.assignment.id, title="Style", points=-5)
    world.session.add(item)
    world.session.flush()
    review = Review(submission_id=late.id, updated_at=NOON)
    world.session.add_all([review, RubricMark(submission_id=late.id, item_id=item.id)])
    assert world.settle().points == pytest.approx(80)  # a draft changes nothing
    review.published_at = NOON
    assert world.settle().points == pytest.approx(75)

    result.override = 99.0
    assert world.settle().points == 99


def test_settling_twice_changes_nothing(world):
    world.hand_in(8)
    before = world.settle().updated_at
    settle(world.session, world.course.id, now() + HOUR)

    assert world.settle().updated_at == before


def test_late_days_of_a_student_come_before_those_of_the_course(world):
    world.assignment.uses_late_days = True
    world.hand_in(10, NOON + 3 * DAY)
    assert (world.settle().late_days, world.settle().points) == (2, pytest.approx(90))
    world.member.late_days = 5
    assert (world.settle().late_days, world.settle().points) == (3, pytest.approx(100))


def test_queries_do_not_grow_with_students(world):
    def count_queries():
        found = []
        engine = world.session.get_bind()
        event.listen(engine, "before_cursor_execute", lambda *args: found.append(args[2]))
        settle(world.session, world.course.id, now())
        return len(found)

    def join(number):
        user = User(login=f"s{number}", name="S", created_at=NOON)
        world.session.add(user)
        world.session.flush()
        world.session.add(Membership(course_id=world.course.id, user_id=user.id, created_at=NOON))
        world.hand_in(5, user=user)

    for number in range(3):
        join(number)
    count_queries()
    few = count_queries()
    for number in range(3, 30):
        join(number)
    world.session.flush()
    settle(world.session, world.course.id, now())
    assert count_queries() <= few + 1


def test_the_assignment_of_a_course_comes_before_terms_for_everybody(world):
    common = world.assign("sigmoid", course_id=None, max_attempts=1)
    found = find_offer(world.session, "sigmoid", world.student.id, NOON)

    assert (found.assignment, found.counts_for, found.late_days) == (world.assignment, world.assignment.id, 2)
    visitor = find_offer(world.session, "sigmoid", None, NOON)
    assert (visitor.assignment, visitor.counts_for) == (common, None)
    assert find_offers(world.session, world.student.id, NOON).keys() == {"sigmoid"}


@pytest.mark.parametrize("change", ["draft", "archived", "assistant", "left"])
def test_what_is_no_assignment_of_a_student(world, change):
    if change == "draft":
        world.assignment.is_published = False
    elif change == "archived":
        world.course.archived_at = NOON
    elif change == "assistant":
        world.member.role = Role.ASSISTANT
    else:
        world.session.delete(world.member)
    world.session.flush()

    assert find_offer(world.session, "sigmoid", world.student.id, NOON).assignment is None


def test_of_two_courses_the_one_that_is_due_first_counts(world):
    other = Course(code="ml", title="ML", created_at=NOON)
    world.session.add(other)
    world.session.flush()
    world.session.add(Membership(course_id=other.id, user_id=world.student.id, created_at=NOON))
    later = world.assign("sigmoid", course_id=other.id, due_at=NOON + DAY)
    world.assignment.closes_at = NOON + HOUR

    assert find_offer(world.session, "sigmoid", world.student.id, NOON).assignment is world.assignment
    assert find_offer(world.session, "sigmoid", world.student.id, NOON + 2 * HOUR).assignment is later
