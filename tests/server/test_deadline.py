"""What students read of terms."""

from datetime import UTC, datetime, timedelta

import pytest

from server.course.deadline import Deadline, away, clock, percent, span
from server.course.terms import Terms
from server.i18n import Translator
from server.rules import Refusal

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ENGLISH, PORTUGUESE = Translator("en", "America/Sao_Paulo"), Translator("pt-BR", "America/Sao_Paulo")


@pytest.mark.parametrize(
    ("length", "english", "portuguese"),
    [
        (2 * DAY + 3 * HOUR + 4 * MINUTE, "2 days 3 hours", "2 dias 3 horas"),
        (48 * DAY, "48 days", "48 dias"),
        (DAY + MINUTE, "1 day", "1 dia"),
        (HOUR + MINUTE, "1 hour 1 minute", "1 hora 1 minuto"),
        (timedelta(seconds=3), "1 minute", "1 minuto"),
    ],
)
def test_spans_have_two_units(length, english, portuguese):
    assert span(length, ENGLISH) == english
    assert span(length, PORTUGUESE) == portuguese


def test_moments_are_ahead_or_past():
    assert away(NOON + HOUR, NOON, ENGLISH) == "in 1 hour"
    assert away(NOON - HOUR, NOON, PORTUGUESE) == "há 1 hora"


def test_deadlines_name_their_time_zone():
    assert clock(NOON, ENGLISH).replace("\u202f", " ") == "Mar 10, 2026, 9:00 AM GMT-03:00"
    assert clock(NOON, PORTUGUESE) == "10 de mar. de 2026, 09:00 BRT"


def test_shares_are_percent():
    assert percent(0.8, ENGLISH) == "80%"
    assert percent(0.125, PORTUGUESE) == "12,5%"


@pytest.mark.parametrize(
    ("after", "refusal", "credit", "days", "changes"),
    [
        (-3 * DAY, Refusal.NOT_OPEN, 1.0, 0, -2 * DAY),
        (-HOUR, None, 1.0, 0, timedelta()),
        (MINUTE, None, 1.0, 0, 10 * MINUTE),  # the grace period
        (HOUR, None, 0.5, 1, DAY),
        (DAY + HOUR, None, 0.0, 2, 3 * DAY),
        (4 * DAY, Refusal.CLOSED, 0.0, 4, None),
    ],
)
def test_a_deadline_knows_what_holds_now_and_when_that_changes(after, refusal, credit, days, changes):
    terms = Terms(NOON - 2 * DAY, NOON, NOON + 3 * DAY, grace=10 * MINUTE, late_share=0.5)
    found = Deadline(terms, NOON + after)

    assert (found.refusal, found.credit, found.days_late) == (refusal, credit, days)
    assert found.changes_at == (None if changes is None else NOON + changes)


def test_the_last_day_is_soon():
    terms = Terms(due_at=NOON)
    assert Deadline(terms, NOON - 23 * HOUR).is_soon
    assert not Deadline(terms, NOON - 25 * HOUR).is_soon
    assert not Deadline(terms, NOON + HOUR).is_soon


def test_attempts_count_down():
    assert Deadline(Terms(max_attempts=3), NOON, used=1).left == 2
    assert Deadline(Terms(max_attempts=3), NOON, used=3).refusal is Refusal.NO_ATTEMPTS
    assert Deadline(Terms(), NOON, used=99).left is None
