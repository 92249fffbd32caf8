"""The figures of analytics, checked against values that were worked out by hand."""

from array import array
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from grader.report import Verdict
from server.analysis import figures, items
from server.analysis.records import Attempt, Outcome, Records, Regraded, TestHead
from server.analysis.statistics import Bin, correlation, grouped_median, histogram, quantile, share, spread

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
P, F, S, G = Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED, Verdict.GRADER_ERROR


def outcome(verdicts, names="abc"):
    """``PPF``: a and b passed, c did not. S: skipped, G: an error of ours."""
    by_letter = {"P": P, "F": F, "S": S, "G": G}
    verdicts = [by_letter[letter] for letter in verdicts]
    return Outcome(tuple(names[: len(verdicts)]), tuple(verdicts), array("f", [1.0] * len(verdicts)))


def attempt(verdicts="PPP", user=1, number=1, content="file", minutes=0, **changes):
    passed, total = verdicts.count("P"), len(verdicts)
    values = {
        "id": f"{user}-{number}", "user_id": user, "number": number, "created_at": NOON + timedelta(minutes=minutes),
        "started_at": NOON + timedelta(minutes=minutes, seconds=5),
        "finished_at": NOON + timedelta(minutes=minutes, seconds=15), "score": float(passed), "max_score": float(total),
        "content": (content, "v1"), "outcome": outcome(verdicts),
    }  # fmt: skip
    return Attempt(**values | changes)


def heads(*points):
    return tuple(TestHead(name, points=worth) for name, worth in zip("abc", points, strict=False))


def read(attempts, gradings=(), points=(1, 1, 1), counted=()):
    records = Records(tuple(attempts), tuple(gradings), heads(*points))
    return {each.head.name: each for each in items.items(records, figures.by_student(attempts), counted)}


@pytest.mark.parametrize(
    ("values", "part", "expected"),
    [([3], 0.5, 3), ([1, 2], 0.5, 1.5), ([4, 1, 3, 2], 0.25, 1.75), ([1, 2, 3, 4, 5], 0.9, 4.6), ([1, 9], 1.0, 9)],
)
def test_a_quantile_lies_between_its_neighbours(values, part, expected):
    assert quantile(values, part) == pytest.approx(expected)


def test_a_spread_has_its_quarters():
    found = spread([5, 1, 2, 4, 3])

    assert (found.count, found.low, found.first_quarter, found.median, found.third_quarter, found.high) == (
        5, 1, 2, 3, 4, 5,
    )  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 4])
def test_a_few_numbers_have_no_spread(count):
    assert spread([1.0] * count) is None
    assert grouped_median([(1.0, count)]) is None
    assert share(0, count) is None


@pytest.mark.parametrize(
    ("counts", "expected"),
    [([(1, 5)], 1), ([(3, 2), (1, 3)], 1), ([(1, 3), (2, 3)], 1.5), ([(0, 1), (10, 4)], 10)],
)
def test_the_median_of_values_that_are_counted(counts, expected):
    assert grouped_median(counts) == expected


@pytest.mark.parametrize(
    ("values", "counts"),
    [
        ([0, 0.9, 1, 5], [2, 1, 0, 0, 1]),
        ([0.1 + 0.2 + 0.7], [0, 1, 0, 0, 0]),
        ([-1, 9], [1, 0, 0, 0, 1]),
        ([], [0] * 5),
    ],
)
def test_a_histogram_counts_each_number_once(values, counts):
    assert histogram(values, 5, 5) == [Bin(n, n + 1, count) for n, count in enumerate(counts)]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(0, 0), (1, 1)] * 5, 1.0),
        ([(0, 1), (1, 0)] * 5, -1.0),
        ([(0, 0), (0, 1), (1, 0), (1, 1)] * 3, 0.0),
        # Means 0.5 and 2: products 0.5 (16 - 10) + 0.5 (10 - 4) = 6, squares 2.5 and 20.
        ([(0, 0), (0, 1), (0, 2), (1, 3), (1, 4), (0, 0), (0, 1), (1, 2), (1, 3), (1, 4)], 6 / 50**0.5),
        ([(1, n) for n in range(10)], None),
        ([(0, 0), (1, 1)] * 4, None),
    ],
)
def test_correlation(pairs, expected):
    assert correlation(pairs) == (None if expected is None else pytest.approx(expected, abs=1e-4))


def test_attempts_to_success_are_counted_up_to_the_first_full_score():
    students = figures.by_student(
        [attempt("PPF", 1), attempt("PPP", 1, 2), attempt("PFP", 1, 3), *(attempt("PPP", user) for user in range(2, 7)),
         attempt("FFF", 7), attempt("PPP", 8, 1, max_score=None, score=None, outcome=None)]
    )  # fmt: skip
    found = figures.success(students)

    assert [each.count for each in found.needed] == [5, 1, 0, 0, 0, 0]
    assert (found.not_yet, found.spread.median) == (1, 1)


def test_times_are_summed_up():
    students = figures.by_student(
        each for user in range(5) for each in (attempt("F", user, 1), attempt("P", user, 2, minutes=10 * user))
    )
    found = figures.times(students)

    assert (found.working.median, found.working.high) == (20 * 60, 40 * 60)
    assert (found.waiting.median, found.grading.median) == (5, 10)


@pytest.mark.parametrize(
    ("hours", "until", "length", "counts"),
    [
        ([0], None, 1, [1]),
        ([0, 0.5, 1, 5], 8, 1, [2, 1, 0, 0, 0, 1, 0, 0, 0]),
        ([0, 100], None, 3, [1] + [0] * 32 + [1]),
    ],
)
def test_a_timeline_goes_to_the_deadline(hours, until, length, counts):
    moments = [NOON + timedelta(hours=each) for each in hours]
    end = None if until is None else NOON + timedelta(hours=until)
    found = figures.timeline(moments, end, ZoneInfo("America/Sao_Paulo"))

    assert [each.count for each in found] == counts
    assert found[0].start == NOON
    assert found[0].end - found[0].start == timedelta(hours=length)


def test_the_days_of_a_timeline_begin_at_midnight_also_when_clocks_change():
    zone = ZoneInfo("Europe/Lisbon")  # summer time begins on 29 March 2026
    moments = [datetime(2026, 3, day, 23, 30, tzinfo=zone) for day in range(5, 32)]
    found = figures.timeline(moments, None, zone)

    assert [each.count for each in found] == [1] * 27
    assert {each.start.hour for each in found} == {0}


def test_nothing_handed_in_has_no_timeline():
    assert figures.timeline([], NOON, UTC) == []


def test_difficulty_is_the_share_that_passes_at_first_and_in_the_end():
    # a: 4 of 5 at first; b: 1 of 5; c was an error of ours once, so that it has too few.
    attempts = [attempt("PPP", 1), attempt("PFS", 2), attempt("PFF", 3), attempt("PFP", 4), attempt("FFG", 5)]
    found = read(attempts, counted=[outcome("PPP")] * 4 + [outcome("PFP")])

    assert [found[name].passing_first for name in "abc"] == [0.8, 0.2, None]
    assert [found[name].passing_counted for name in "abc"] == [1.0, 0.8, 1.0]
    assert [found[name].stops_first for name in "abc"] == [1, 3, 0]


def test_the_test_that_stops_students_is_the_first_in_order():
    attempts = [
        each
        for user in range(3)
        for each in (attempt("FPF", user, 1), attempt("PPF", user, 2), attempt("PFF", user, 3))
    ]
    found = read(attempts)

    assert [(found[name].stops_first, found[name].stops_last) for name in "abc"] == [(3, 0), (0, 3), (0, 0)]


def test_discrimination_leaves_the_test_itself_out():
    # Whoever passes a passes b, whatever c; c has nothing to do with the others.
    attempts = [attempt(each, user) for user, each in enumerate(["PPP", "PPF", "FFP", "FFF"] * 3)]
    found = read(attempts, points=(1, 1, 0))

    assert found["a"].discrimination == pytest.approx(1)
    assert found["c"].discrimination == pytest.approx(0)
    # With c worth as much, the rest of a is 0, 1, 1 and 2 points: correlation 1/sqrt(2).
    assert read(attempts)["a"].discrimination == pytest.approx(0.7071, abs=1e-4)


def test_discrimination_takes_ten_students():
    attempts = [attempt(each, user) for user, each in enumerate(["PPP", "FFF", "PPF"] * 3)]

    assert read(attempts)["a"].discrimination is None


def test_time_is_the_median_and_the_part_of_all_tests():
    slow = Outcome(("a", "b"), (P, F), array("f", [1.0, 3.0]))
    skipped = Outcome(("a", "b"), (F, S), array("f", [1.0, 0.0]))
    attempts = [attempt(user=user, outcome=slow if user else skipped) for user in range(6)]
    found = read(attempts, points=(1, 1))

    assert (found["a"].seconds, found["b"].seconds) == (1, 3)
    assert found["b"].time_share == pytest.approx(15 / 21)


def test_a_verdict_changes_when_the_same_file_is_graded_again():
    attempts = [attempt("PPP", 1), attempt("FPP", 1, 2), attempt("PPG", 2, content="other"), attempt("F", 3)]
    attempts[3] = attempt("FFF", 3, content="alone")
    gradings = [
        Regraded("2-1", ("other", "v1"), outcome("PFF")),
        Regraded("3-1", ("alone", "v2"), outcome("PPP")),  # by other tests: nothing follows
    ]
    found = read(attempts, gradings)

    assert [(found[name].repeated, found[name].changed) for name in "abc"] == [(2, ("1-1",)), (2, ("2-1",)), (1, ())]


def test_tests_that_fail_for_the_same_students_are_found():
    # b and c fail for the same nine students, a for one of them; whoever passes or fails everything says nothing.
    verdicts = ["PFF"] * 9 + ["FPP"] + ["PPP"] * 5 + ["FFF"] * 5
    students = figures.by_student(attempt(each, user) for user, each in enumerate(verdicts))
    (found,) = items.together(students, heads(1, 1, 1))

    assert (found.names, found.any, found.all, found.agreement) == (("b", "c"), 9, 9, 1.0)


@pytest.mark.parametrize("verdicts", [["PFF"] * 9, ["PFP", "PPF"] * 10, ["PFF"] * 4 + ["FPP"] * 10])
def test_too_few_or_different_students_say_nothing_of_tests_that_fail_together(verdicts):
    students = figures.by_student(attempt(each, user) for user, each in enumerate(verdicts))

    assert items.together(students, heads(1, 1, 1)) == []
