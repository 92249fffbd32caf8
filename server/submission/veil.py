"""Keeps from students what an assignment does not show them yet: points and tests that are hidden until the deadline.

Whoever loads submissions for their student draws the veil over them first: scores are then those of public tests alone,
on every page and in the API, and ``hidden`` says what may be read of the hidden tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from grader.report import Report, TestResult, Text
from server.course import terms
from server.course.guards import find_practice
from server.course.terms import ALWAYS, Terms
from server.models import Assignment, Extension, Hidden, Submission

#: what stands where a hidden test's title is not shown
UNNAMED: Text = {"en": "Hidden test", "pt-BR": "Teste oculto"}
HIDDEN_TITLE: Text = {"en": "Hidden test {number}", "pt-BR": "Teste oculto {number}"}


def draw(session: Session, submissions: Iterable[Submission], now: datetime) -> None:
    """Draw the veil over these submissions, each as its own student sees it. They must not be written afterwards."""
    found = list(submissions)
    terms_by_id = find_terms(session, found)
    for each in found:
        if not terms.shows_points(terms_by_id[each.id], now):
            # Committed: the session takes it for what the database says, and writes nothing.
            set_committed_value(each, "score", each.public_score)
            set_committed_value(each, "max_score", each.public_max_score)


def read_report(session: Session, submission: Submission, now: datetime) -> Report | None:
    """The report as far as its student may read it; None: there is none."""
    if not submission.report:
        return None
    return cover(Report.from_store(submission.report), terms.shows_hidden(terms_of(session, submission), now))


def hidden_of(session: Session, submission: str, now: datetime) -> Hidden:
    """What the student of a submission may read of its hidden tests."""
    found = session.get(Submission, submission)
    return terms.shows_hidden(terms_of(session, found), now) if found else Hidden.NOTHING


def terms_of(session: Session, submission: Submission) -> Terms:
    """The terms on which something was handed in, as they are now."""
    return find_terms(session, [submission])[submission.id]


def find_terms(session: Session, submissions: Iterable[Submission]) -> dict[str, Terms]:
    """The terms by the submissions' ids, with few queries for all of them."""
    every = list(submissions)
    practice = find_practice(session, {each.slug for each in every if each.assignment_id is None})
    given = _course_terms(session, [each for each in every if each.assignment_id is not None])
    return {
        each.id: practice.get(each.slug, ALWAYS)
        if each.assignment_id is None
        else given.get((each.assignment_id, each.user_id), ALWAYS)
        for each in every
    }


def _course_terms(session: Session, every: Sequence[Submission]) -> dict[tuple[int, int], Terms]:
    """By assignment and student."""
    if not every:
        return {}
    assignments = {each.assignment_id for each in every}
    users = {each.user_id for each in every}
    rows = session.execute(
        select(Assignment, Extension)
        .outerjoin(Extension, and_(Extension.assignment_id == Assignment.id, Extension.user_id.in_(users)))
        .where(Assignment.id.in_(assignments))
    ).all()
    extended = {(each.id, its.user_id): terms.read_terms(each, its) for each, its in rows if its}
    plain = {each.id: terms.read_terms(each) for each, _extension in rows}
    keys = {(each.assignment_id, each.user_id) for each in every if each.assignment_id in plain}
    return {(key, user): extended.get((key, user), plain[key]) for key, user in keys if key is not None}


def cover(report: Report, hidden: Hidden) -> Report:
    """The report as far as it may be read."""
    if hidden is Hidden.TITLE:
        return report
    if hidden is Hidden.NOTHING:
        return report.public
    number = 0
    tests: list[TestResult] = []
    for test in report.tests:
        number += test.hidden
        tests.append(_anonymous(test, number) if test.hidden else test)
    return replace(report, tests=tuple(tests))


def cover_event(event: dict[str, Any], hidden: Hidden) -> dict[str, Any] | None:
    """Something that happened in a grading, as far as it may be told; None: it may not."""
    if hidden is Hidden.TITLE:
        return event
    kind = event.get("event")
    if kind == "test" and event["test"].get("hidden"):
        if hidden is Hidden.NOTHING:
            return None
        told = {name: event["test"][name] for name in ("name", "points", "verdict", "share", "hidden")}
        return {**event, "test": {**told, "seconds": 0.0, "title": UNNAMED}}
    # What they say of which test cannot be told from here, and how many there are is told already.
    return None if kind == "metric" or (kind == "started" and hidden is Hidden.NOTHING) else event


def _anonymous(test: TestResult, number: int) -> TestResult:
    """A number and a verdict."""
    title = {tag: text.format(number=number) for tag, text in HIDDEN_TITLE.items()}
    told = replace(test, title=title, group="", message={}, hint={}, traceback="", output="")
    # How long it took could be any number that the answer wants to carry out.
    return replace(told, seconds=0.0, curve={}, runs=[], datasets={}, unloaded=False)
