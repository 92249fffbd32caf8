"""Codes, terms and dates of courses. Plain functions."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from server.course import naming
from server.course.copying import first_day
from server.course.moment import shift, shift_all
from server.course.naming import Form, check, next_term, suggest_code


@pytest.mark.parametrize(
    ("title", "term", "taken", "code"),
    [
        ("Deep Learning", "2026/2", (), "deep-learning-2026-2"),
        ("Introdução à Visão", "", (), "introducao-a-visao"),
        ("Deep Learning", "", ("deep-learning", "deep-learning-2"), "deep-learning-3"),
        ("New", "", (), "new-2"),
        ("深層学習", "", (), "course"),
        ("A" * 100, "2026", (), "a" * 37),
    ],
)
def test_a_code_is_made_of_title_and_term(title, term, taken, code):
    assert suggest_code(title, term, taken) == code
    assert check(Form(title, term, code)) == {}


@pytest.mark.parametrize(
    ("term", "following"),
    [
        ("2026/1", "2026/2"), ("2026/2", "2027/1"), ("2026.2", "2027.1"), ("2026 - 1", "2026 - 2"), ("2026", "2027"),
        ("Spring 2026", "Fall 2026"), ("fall 2026", "spring 2027"), ("summer school", ""), ("", ""), ("2026/3", ""),
    ],
)  # fmt: skip
def test_the_next_term_is_proposed(term, following):
    assert next_term(term) == following


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"), ({"title": "x" * 121}, "title"), ({"title": "a\u202eb"}, "title"),
        ({"term": "x" * 41}, "term"), ({"code": "Ü"}, "code"), ({"code": "-a"}, "code"), ({"code": "new"}, "code"),
        ({"code": "a" * 41}, "code"), ({"time_zone": "Mars/Base"}, "time_zone"), ({"time_zone": "../etc"}, "time_zone"),
        ({"late_days": "x"}, "late_days"), ({"late_days": "-1"}, "late_days"), ({"late_days": "101"}, "late_days"),
        ({"late_days": "1.5"}, "late_days"), ({"late_days": "٣"}, "late_days"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(changes, field):
    assert list(check(Form(**{"title": "Deep Learning", **changes}))) == [field]


def test_a_usual_form_is_right():
    assert check(Form("Deep Learning", "2026/2", "dl-2026", "America/Sao_Paulo", "4")) == {}
    assert "America/Sao_Paulo" in naming.time_zones()


NOW = datetime(2026, 2, 1, tzinfo=UTC)


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "days", "zone", "shifted"),
    [
        # 23:59 in São Paulo, which knows no summer time
        ("2026-03-01T02:59", 182, "America/Sao_Paulo", "2026-08-30T02:59"),
        # 23:59 in Berlin: in winter UTC+1, in summer UTC+2
        ("2026-01-10T22:59", 182, "Europe/Berlin", "2026-07-11T21:59"),
        ("2026-07-11T21:59", -182, "Europe/Berlin", "2026-01-10T22:59"),
        # an hour that there is not on that day in New York counts as the one after
        ("2026-03-01T07:30", 7, "America/New_York", "2026-03-08T07:30"),
        ("2026-03-01T07:30", 0, "America/New_York", "2026-03-01T07:30"),
    ],
)
def test_dates_move_by_days_and_keep_their_time_of_day(when, days, zone, shifted):
    assert shift(at(when), days, zone, NOW) == at(shifted)


def test_no_date_stays_no_date():
    assert shift_all("sigmoid", {"due_at": None}, 7, "UTC", NOW) == {"due_at": None}


def test_the_first_day_is_that_of_the_courses_clocks():
    one = SimpleNamespace(opens_at=None, due_at=at("2026-03-02T01:00"), closes_at=at("2026-03-09T01:00"))
    two = SimpleNamespace(opens_at=at("2026-03-05T01:00"), due_at=None, closes_at=None)

    assert first_day([one, two], "America/Sao_Paulo").isoformat() == "2026-03-01"
    assert first_day([one, two], "UTC").isoformat() == "2026-03-02"
    assert first_day([], "UTC") is None
