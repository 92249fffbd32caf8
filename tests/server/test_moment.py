"""Times as people type them, where clocks change."""

from datetime import UTC, datetime

import pytest

from server.course import moment
from server.i18n import Translator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SAO_PAULO, LISBON, NEW_YORK = "America/Sao_Paulo", "Europe/Lisbon", "America/New_York"


@pytest.mark.parametrize(
    ("typed", "zone", "found"),
    [
        ("", "UTC", None),
        ("  ", "UTC", None),
        ("2026-03-10T18:00", "UTC", "2026-03-10T18:00"),
        ("2026-03-10T18:00", SAO_PAULO, "2026-03-10T21:00"),
        ("2026-01-10T18:00", SAO_PAULO, "2026-01-10T21:00"),  # no summer time since 2019
        ("2019-01-10T18:00", SAO_PAULO, "2019-01-10T20:00"),
        ("2018-11-03T23:59", SAO_PAULO, "2018-11-04T02:59"),  # the last minute before midnight was skipped
        ("2018-11-04T01:00", SAO_PAULO, "2018-11-04T03:00"),  # and the minute after it
        ("2019-02-16T22:59", SAO_PAULO, "2019-02-17T00:59"),
        ("2019-02-17T00:00", SAO_PAULO, "2019-02-17T03:00"),
        ("2026-03-29T00:59", LISBON, "2026-03-29T00:59"),
        ("2026-03-29T02:00", LISBON, "2026-03-29T01:00"),
        ("2026-10-25T00:59", LISBON, "2026-10-24T23:59"),
        ("2026-10-25T02:00", LISBON, "2026-10-25T02:00"),
        ("2026-03-08T01:59", NEW_YORK, "2026-03-08T06:59"),
        ("2026-03-08T03:00", NEW_YORK, "2026-03-08T07:00"),
        ("2026-11-01T00:59", NEW_YORK, "2026-11-01T04:59"),
        ("2026-11-01T02:00", NEW_YORK, "2026-11-01T07:00"),
        ("2026-05-10T23:59:59", "Asia/Kathmandu", "2026-05-10T18:14:59"),
    ],
)
def test_times_are_read_in_a_zone_and_written_back(typed, zone, found):
    when = moment.read(typed, zone, NOW)

    assert when == (datetime.fromisoformat(found).replace(tzinfo=UTC) if found else None)
    assert moment.write(when, zone) == typed.strip()[:16]


@pytest.mark.parametrize(
    ("typed", "zone", "before", "after"),
    [
        ("2018-11-04T00:00", SAO_PAULO, "11/4/18, 12:00 AM", "11/4/18, 1:00 AM"),
        ("2018-11-04T00:59", SAO_PAULO, "11/4/18, 12:00 AM", "11/4/18, 1:00 AM"),
        ("2026-03-29T01:00", LISBON, "3/29/26, 1:00 AM", "3/29/26, 2:00 AM"),
        ("2026-03-29T01:30", LISBON, "3/29/26, 1:00 AM", "3/29/26, 2:00 AM"),
        ("2026-03-08T02:30", NEW_YORK, "3/8/26, 2:00 AM", "3/8/26, 3:00 AM"),
        ("2011-12-30T12:00", "Pacific/Apia", "12/30/11, 12:00 AM", "12/31/11, 12:00 AM"),  # a whole day
    ],
)
def test_a_time_that_is_skipped_is_refused_and_explained(typed, zone, before, after):
    with pytest.raises(moment.Unreadable) as refused:
        moment.read(typed, zone, NOW)

    said = refused.value.message(Translator("en")).replace("\u202f", " ")
    assert f"does not exist: clocks are put forward from {before} to {after}." in said


@pytest.mark.parametrize(
    ("typed", "zone", "before", "after"),
    [
        ("2019-02-16T23:00", SAO_PAULO, "2/17/19, 12:00 AM", "2/16/19, 11:00 PM"),
        ("2019-02-16T23:59", SAO_PAULO, "2/17/19, 12:00 AM", "2/16/19, 11:00 PM"),
        ("2026-10-25T01:30", LISBON, "10/25/26, 2:00 AM", "10/25/26, 1:00 AM"),
        ("2026-11-01T01:00", NEW_YORK, "11/1/26, 2:00 AM", "11/1/26, 1:00 AM"),
        ("2026-11-01T01:59", NEW_YORK, "11/1/26, 2:00 AM", "11/1/26, 1:00 AM"),
    ],
)
def test_a_time_that_comes_twice_is_refused_and_explained(typed, zone, before, after):
    with pytest.raises(moment.Unreadable) as refused:
        moment.read(typed, zone, NOW)

    said = refused.value.message(Translator("en")).replace("\u202f", " ")
    assert f"comes twice: clocks are put back from {before} to {after}." in said
    assert f"one before {after}, or from {before} on" in said


@pytest.mark.parametrize(
    "typed", ["tomorrow", "2026-13-01T00:00", "2026-03-10T18:00Z", "2026-03-10T18:00-03:00", "0026-03-10T18:00",
              "9999-12-31T23:59"]
)  # fmt: skip
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(moment.Unreadable):
        moment.read(typed, NEW_YORK, NOW)


def test_what_the_field_showed_stays_to_the_second():
    second = datetime(2026, 11, 1, 6, 30, 59, tzinfo=UTC)  # the second 1:30 of that night

    assert moment.read(moment.write(second, NEW_YORK), NEW_YORK, NOW, second) == second


@pytest.mark.parametrize(
    ("start", "days", "zone", "end"),
    [
        ("2026-03-28T12:00", 1, LISBON, "2026-03-29T11:00"),  # noon stays noon, though the day has 23 hours
        ("2026-11-01T04:59", 7, NEW_YORK, "2026-11-08T05:59"),
        ("2018-11-03T03:30", 1, SAO_PAULO, "2018-11-04T03:30"),  # half past midnight is skipped: half past one
        ("2026-05-10T02:59", 30, SAO_PAULO, "2026-06-09T02:59"),
    ],
)
def test_days_later_is_the_same_time_on_the_wall(start, days, zone, end):
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))

    assert moment.shift(first, days, zone, NOW) == last


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2036-03-02T00:00", "March 2, 2036 is more than ten years ahead. Choose a date up to March 1, 2036."),
        ("9999-12-31T23:59", "December 31, 9999 is more than ten years ahead."),
        ("1999-12-31T23:59", "December 31, 1999 is before the year 2000. Choose a later date."),
        ("0001-01-01T00:00", "is before the year 2000."),
    ],
)
def test_dates_that_no_course_has_are_refused_and_explained(typed, said):
    with pytest.raises(moment.Unreadable) as refused:
        moment.read(typed, "Pacific/Kiritimati", NOW)

    assert said in refused.value.message(Translator("en"))


def test_all_of_the_last_day_may_be_chosen():
    assert moment.read("2036-03-01T23:59", NEW_YORK, NOW) == datetime(2036, 3, 2, 4, 59, tzinfo=UTC)


def test_a_date_that_stands_there_stays_however_far_it_is():
    far = datetime(2090, 1, 1, tzinfo=UTC)

    assert moment.read(moment.write(far, LISBON), LISBON, NOW, far) == far


@pytest.mark.parametrize("days", [3650, 3_000_000, -9_900, -3_000_000])
def test_dates_are_not_moved_to_where_no_course_has_any(days):
    due = datetime(2026, 6, 1, tzinfo=UTC)
    with pytest.raises(moment.Unmovable) as refused:
        moment.shift_all("softmax", {"opens_at": None, "due_at": due}, days, SAO_PAULO, NOW)

    said = refused.value.message("Softmax", Translator("en"))
    assert said.startswith("Softmax would have a date on ")
    assert said.endswith("less far, or change that one first.")
