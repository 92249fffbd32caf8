"""Everything that the portal keeps about one person, as that person may read it: plain values by file name.

What is said to students later, such as points of hidden tests, and drafts of reviews are not in it before. Knows the
database, not Flask.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from grader.report import Report
from server.course import terms
from server.course.membership import memberships_of
from server.course.terms import Terms
from server.i18n import Translator
from server.models import (
    ApiToken,
    Assignment,
    Base,
    Course,
    Extension,
    Identity,
    LineComment,
    LogEntry,
    LogIn,
    RegradeRequest,
    Result,
    Review,
    RubricItem,
    RubricMark,
    Submission,
    User,
)
from server.submission import veil
from server.submission.shown import show_tests

Values = dict[str, Any]


def tell(session: Session, user: User, now: datetime) -> dict[str, Any]:
    """What is kept, by file name; without submissions: see ``tell_submissions``."""
    mine = {"user_id": user.id}
    return {
        "account": pick(user, "login name email language role is_on_leaderboard created_at")
        | {"has_password": user.password_hash is not None},
        "log_ins": _rows(session, LogIn, "device created_at expires_at", mine),
        "institutions": _rows(session, Identity, "issuer subject created_at", mine),
        "api_tokens": _rows(session, ApiToken, "name scopes created_at expires_at used_at", mine),
        "courses": [
            pick(each.course, "code title term") | pick(each, "role number section late_days created_at")
            for each in memberships_of(session, user)
        ],
        "extensions": _tell_extensions(session, user),
        "results": _tell_results(session, user, now),
        "log": _tell_log(session, user),
    }


def pick(row: Base, names: str) -> Values:
    """Some columns of a row."""
    return {name: getattr(row, name) for name in names.split()}


def _rows(session: Session, table: type[Base], names: str, where: Mapping[str, Any]) -> list[Values]:
    return [pick(row, names) for row in session.scalars(select(table).filter_by(**where)).unique()]


def _tell_extensions(session: Session, user: User) -> list[Values]:
    query = select(Extension, Assignment.slug, Course.code).join(Assignment, Assignment.id == Extension.assignment_id)
    found = session.execute(query.join(Course, Course.id == Assignment.course_id).where(Extension.user_id == user.id))
    return [
        {"course": code, "exercise": slug, **pick(each, "due_at closes_at more_attempts reason created_at")}
        for each, slug, code in found
    ]


def _tell_results(session: Session, user: User, now: datetime) -> list[Values]:
    """What counts in courses; points only where the student may know them already."""
    query = select(Result, Assignment, Course.code, Extension).join(Assignment, Assignment.id == Result.assignment_id)
    query = query.join(Course, Course.id == Assignment.course_id).outerjoin(
        Extension, (Extension.assignment_id == Assignment.id) & (Extension.user_id == user.id)
    )
    found = []
    for result, assignment, code, extension in session.execute(query.where(Result.user_id == user.id)):
        names = "attempts days_late late_days updated_at"
        if terms.shows_points(terms.read_terms(assignment, extension), now):
            names += " points earned manual override override_reason"
        found.append({"course": code, "exercise": assignment.slug, **pick(result, names)})
    return found


def _tell_log(session: Session, user: User) -> list[Values]:
    """What is written down about a person and of what they did. Who else did it is not theirs to know."""
    mine = (LogEntry.user_id == user.id) | (LogEntry.by_id == user.id)
    query = select(LogEntry, Course.code).outerjoin(Course, Course.id == LogEntry.course_id).where(mine)
    return [
        {
            "at": entry.at,
            "action": entry.action,
            "course": code,
            "by_this_person": entry.by_id == user.id,
            "about_this_person": entry.user_id == user.id,
            "subject": entry.subject,
            "detail": entry.detail if entry.user_id == user.id else {},
        }
        for entry, code in session.execute(query.order_by(LogEntry.id))
    ]


def tell_submissions(
    session: Session, user: User, now: datetime, language: Translator
) -> Iterator[tuple[Submission, Values]]:
    """Every submission with what came of it, the oldest first, a few in memory at a time."""
    ids = session.scalars(
        select(Submission.id).where(Submission.user_id == user.id).order_by(Submission.created_at, Submission.attempt)
    ).all()
    for start in range(0, len(ids), 50):
        query = select(Submission).where(Submission.id.in_(ids[start : start + 50])).options(undefer(Submission.report))
        found = session.scalars(query.order_by(Submission.created_at, Submission.attempt)).all()
        veil.draw(session, found, now)
        terms_by_id = veil.find_terms(session, found)
        reviews = _reviews(session, [each.id for each in found])
        for each in found:
            yield each, _tell_submission(each, terms_by_id[each.id], now, language) | reviews[each.id]
            session.expunge(each)


def _tell_submission(submission: Submission, its: Terms, now: datetime, language: Translator) -> Values:
    names = "id slug attempt state file_name size created_at started_at finished_at score max_score credit owner"
    found = pick(submission, names) | {"sha256": submission.blob, "report": None}
    if submission.report:
        report = veil.cover(Report.from_store(submission.report), terms.shows_hidden(its, now))
        tests = [vars(test) for test in show_tests(report, language)]
        found["report"] = {"message": language.pick(report.message), "tests": tests}
    return found


def _reviews(session: Session, ids: Sequence[str]) -> defaultdict[str, Values]:
    """What staff has published about submissions, and what their student has asked."""
    found: defaultdict[str, Values] = defaultdict(dict)
    published = select(Review).where(Review.submission_id.in_(ids), Review.published_at.is_not(None))
    for review in session.scalars(published):
        found[review.submission_id]["review"] = pick(review, "comment published_at") | {"rubric": [], "lines": []}
    with_review = [id for id in ids if id in found]
    marks = select(RubricMark.submission_id, RubricItem.title, RubricItem.points).join(
        RubricItem, RubricItem.id == RubricMark.item_id
    )
    for id, title, points in session.execute(marks.where(RubricMark.submission_id.in_(with_review))):
        found[id]["review"]["rubric"].append({"title": title, "points": points})
    comments = select(LineComment).where(LineComment.submission_id.in_(with_review)).order_by(LineComment.line)
    for comment in session.scalars(comments):
        found[comment.submission_id]["review"]["lines"].append(pick(comment, "file line text created_at"))
    requests = select(RegradeRequest).where(RegradeRequest.submission_id.in_(ids)).order_by(RegradeRequest.id)
    for request in session.scalars(requests):
        asked = pick(request, "text state answer answered_at created_at")
        found[request.submission_id].setdefault("requests", []).append(asked)
    return found
