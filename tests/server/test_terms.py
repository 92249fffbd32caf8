"""Dates, attempts and lateness as tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from server.course import terms
from server.course.terms import ALWAYS, Terms
from server.rules import Refusal

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("limits", "now", "used", "refusal"),
    [
        (ALWAYS, NOON, 1000, None),
        (Terms(opens_at=NOON), NOON - HOUR, 0, Refusal.NOT_OPEN),
        (Terms(opens_at=NOON), NOON, 0, None),
        (Terms(closes_at=NOON), NOON, 0, None),
        (Terms(closes_at=NOON), NOON + HOUR, 0, Refusal.CLOSED),
        (Terms(due_at=NOON), NOON + DAY, 0, None),
        (Terms(max_attempts=3), NOON, 2, None),
        (Terms(max_attempts=3), NOON, 3, Refusal.NO_ATTEMPTS),
        (Terms(max_attempts=0), NOON, 0, Refusal.NO_ATTEMPTS),
    ],
)
def test_what_is_taken_in(limits, now, used, refusal):
    assert terms.check(limits, now, used) is refusal


@pytest.mark.parametrize(("most", "used", "left"), [(None, 7, None), (3, 1, 2), (3, 3, 0), (3, 5, 0)])
def test_attempts_that_are_left(most, used, left):
    assert terms.attempts_left(Terms(max_attempts=most), used) == left


@pytest.mark.parametrize(
    ("after", "grace", "days", "credit"),
    [
        (-DAY, timedelta(), 0, 1.0),
        (timedelta(), timedelta(), 0, 1.0),
        (timedelta(seconds=1), timedelta(), 1, 0.8),
        (HOUR, HOUR, 0, 1.0),
        (2 * HOUR, HOUR, 1, 0.8),  # past the grace period, the whole day counts
        (DAY, timedelta(), 1, 0.8),
        (DAY + HOUR, timedelta(), 2, 0.6),
        (5 * DAY, timedelta(), 5, 0.0),
        (50 * DAY, timedelta(), 50, 0.0),
    ],
)
def test_what_lateness_costs(after, grace, days, credit):
    limits = Terms(due_at=NOON, grace=grace, late_share=0.2)
    assert terms.days_late(limits, NOON + after) == days
    assert terms.credit(limits, NOON + after) == pytest.approx(credit)


def test_a_day_is_24_hours_when_clocks_change():
    due = datetime.fromisoformat("2026-03-28T12:00:00+01:00")  # in the night after, clocks in Europe go forward
    same_hour = datetime.fromisoformat("2026-03-29T12:00:00+02:00")
    assert terms.days_late(Terms(due_at=due), same_hour) == 1
    assert terms.days_late(Terms(due_at=due), same_hour + 2 * HOUR) == 2
