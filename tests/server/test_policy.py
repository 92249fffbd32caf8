"""Terms in plain words, and what being late means."""

from datetime import UTC, datetime, timedelta

import pytest

from server.course import policy
from server.course.terms import Terms
from server.i18n import Translator
from server.models import Counting, Hidden, When

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ENGLISH, PORTUGUESE = Translator("en", "America/Sao_Paulo"), Translator("pt-BR", "America/Sao_Paulo")


@pytest.mark.parametrize(
    ("its", "said", "unsaid"),
    [
        (Terms(), ["There is no due date", "as often as you like", "Your best attempt counts."], ["late", "after"]),
        (Terms(due_at=NOON), ["due on Mar 10, 2026, 9:00 AM GMT-03:00", "Being late costs nothing."], ["Each day"]),
        (Terms(due_at=NOON, closes_at=NOON), ["Nothing is taken in after Mar 10"], ["Being late", "Each day"]),
        (Terms(due_at=NOON, late_share=0.1),
         ["Each day begun after Mar 10, 2026, 9:00 AM GMT-03:00 costs 10% of the score.",
          "After Mar 19, 2026, 9:00 AM GMT-03:00 nothing is left"], ["late days", "Nothing is taken in"]),
        (Terms(due_at=NOON, late_share=0.1, closes_at=NOON + 3 * DAY), ["Nothing is taken in after Mar 13"],
         ["nothing is left"]),
        (Terms(due_at=NOON, late_share=1.0, grace=2 * HOUR),
         ["The first 2 hours after it cost nothing", "After Mar 10, 2026, 11:00 AM GMT-03:00 nothing is left"], []),
        (Terms(due_at=NOON, late_share=0.1, uses_late_days=True), ["You have 3 late days left"], []),
        (Terms(max_attempts=1, cooldown=HOUR / 2), ["hand in once.", "a pause of 30 minutes"], []),
        (Terms(max_attempts=5, counting=Counting.LAST), ["hand in 5 times.", "Your last attempt counts"], ["best"]),
        (Terms(due_at=NOON, hidden_shown=When.AFTER_DEADLINE), ["What hidden tests found you read after Mar 10"], []),
        (Terms(due_at=NOON, closes_at=NOON + DAY, hidden_run=When.AFTER_DEADLINE),
         ["run only after Mar 11", "public tests"], []),
        (Terms(hidden=Hidden.VERDICT), ["a number and a verdict, and no more"], ["after"]),
        (Terms(hidden=Hidden.NOTHING, due_at=NOON), ["told after Mar 10"], []),
        (Terms(hidden=Hidden.NOTHING, hidden_shown=When.AFTER_DEADLINE), ["their points count"], ["after"]),
    ],
)  # fmt: skip
def test_terms_in_words(its, said, unsaid):
    text = " ".join(policy.sentences(its, None, 3, ENGLISH)).replace("\u202f", " ")

    assert [each for each in said if each not in text] == []
    assert [each for each in unsaid if each in text] == []


def test_terms_in_portuguese():
    its = Terms(due_at=NOON, late_share=0.125, max_attempts=3)
    text = " ".join(policy.sentences(its, 7.5, 0, PORTUGUESE))

    assert "Vale 7,5 pontos." in text
    assert "12,5%" in text
    assert "10 de mar. de 2026, 09:00 BRT" in text


@pytest.mark.parametrize(
    ("its", "late_days", "keeps", "with_late_days"),
    [
        (Terms(), 0, [], []),
        (Terms(due_at=NOON), 0, [1, 1, 1], [1, 1, 1]),
        (Terms(due_at=NOON, late_share=0.1), 0, [0.9, 0.9, 0.7], [0.9, 0.9, 0.7]),
        (Terms(due_at=NOON, late_share=0.5), 0, [0.5, 0.5, 0], [0.5, 0.5, 0]),
        (Terms(due_at=NOON, late_share=0.1, grace=2 * HOUR), 0, [1, 0.9, 0.7], [1, 0.9, 0.7]),
        (Terms(due_at=NOON, late_share=0.1, uses_late_days=True), 2, [0.9, 0.9, 0.7], [1, 1, 0.9]),
        (Terms(due_at=NOON, late_share=0.1, closes_at=NOON + DAY), 0, [0.9, 0.9, None], [0.9, 0.9, None]),
    ],
)
def test_examples(its, late_days, keeps, with_late_days):
    found = policy.examples(its, late_days)

    assert [None if each.is_closed else round(each.keeps, 9) for each in found] == keeps
    assert [None if each.is_closed else round(each.with_late_days, 9) for each in found] == with_late_days


@pytest.mark.parametrize(
    ("share", "days"), [(1.0, 0), (0.5, 1), (0.4, 2), (0.3333, 3), (0.1, 9), (0.07, 14), (0.01, 99)]
)
def test_nothing_is_left_from_the_day_that_costs_the_rest(share, days):
    its = Terms(due_at=NOON, late_share=share)

    assert policy.nothing_left_at(its) == NOON + days * DAY


@pytest.mark.parametrize("share", [1e-6, 1e-300])
def test_a_cost_that_takes_lifetimes_names_no_day(share):
    assert policy.nothing_left_at(Terms(due_at=NOON, late_share=share)) is None
