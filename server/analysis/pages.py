"""Analytics: how an assignment went, and what each of its tests is good for."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel import dates
from flask import Blueprint, render_template
from sqlalchemy import func, select

from server.access import Audience, open_to
from server.analysis import chart, figures
from server.analysis.chart import Bars, Column
from server.analysis.common import (
    count_students,
    duration,
    kept,
    percent,
)
from server.analysis.figures import DAY, Span
from server.analysis.items import items, together
from server.analysis.statistics import FEW, Bin, grouped_median, histogram, share, spread
from server.context import _, course, now, reader
from server.context import course as here
from server.course.deadline import clock
from server.course.gradebook import list_assignments
from server.course.place import assignment_by_id, local
from server.course.results import points_of
from server.exercise.titles import title_of
from server.models import Assignment, Membership, Result, Role, Submission
from server.submission.shown import show_title

bp = Blueprint("analytics", __name__, url_prefix="/courses/<course>/analytics")

BINS = 10


@dataclass(frozen=True)
class Line:
    """One assignment in the overview."""

    assignment: Assignment
    title: str
    submissions: int
    students: int
    worth: float | None
    #: None: too few have points
    median: float | None
    full: float | None
    attempts: float | None


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> str:
    """Show a row for each assignment."""
    every = list_assignments(reader(), here().id)
    worth = points_of(reader(), every)
    handed_in = _count_submissions()
    points, attempts = _count_results(Result.points), _count_results(Result.attempts)
    lines = [
        Line(
            each,
            title_of(each.slug),
            *handed_in.get(each.id, (0, 0)),
            worth[each.id],
            grouped_median(points[each.id]),
            _full(points[each.id], worth[each.id]),
            grouped_median([(value, count) for value, count in attempts[each.id] if value]),
        )
        for each in every
    ]
    return _render("course/analytics.html", lines=lines, members=count_students())


@bp.get("/<int(max=2147483647):id>")
@open_to(Audience.STAFF)
def show(course: str, id: int) -> str:
    """Show how an assignment went."""
    assignment = assignment_by_id(id)
    records = kept().archive.read(reader(), assignment)
    students = figures.by_student(records.attempts)
    results = results_of(assignment)
    worth = points_of(reader(), [assignment])[assignment.id]
    points = [result.points for result in results if result.points is not None]
    bins = histogram(points, max([worth or 0.0, *points]) or 1.0, BINS) if points else []
    success = figures.success(students)
    spans = figures.timeline((each.created_at for each in records.attempts), _until(assignment), local().zone)
    return _render(
        "course/analytics_assignment.html",
        assignment=assignment,
        title=title_of(assignment.slug),
        members=count_students(),
        students=len(students),
        submissions=len(records.attempts),
        worth=worth,
        points=points,
        point_spread=spread(points),
        full=share(sum(each >= (worth or 0.0) - 1e-9 for each in points), len(points)) if worth else None,
        point_rows=[(_bin_label(each), each.count) for each in bins],
        point_bars=_point_bars(bins),
        success=success,
        needed=[(_needed(each), each.count) for each in success.needed],
        attempt_bars=_attempt_bars(success),
        spans=[(_span_label(each), each.count) for each in spans if each.count],
        time_bars=_time_bars(spans, assignment.due_at),
        times=figures.times(students),
        items=items(records, students, records.counted(results)),
        together=together(students, records.heads),
        titles={head.name: show_title(head.name, head.title, local()) for head in records.heads},
    )


def _render(template: str, **values: Any) -> str:
    return render_template(template, local=local(), clock=clock, percent=percent, duration=duration, FEW=FEW, **values)


# --- reading


def _count_submissions() -> dict[int, tuple[int, int]]:
    """Submissions and students, by assignment."""
    found = (
        select(Submission.assignment_id, func.count(), func.count(Submission.user_id.distinct()))
        .join(Assignment, Assignment.id == Submission.assignment_id)
        .where(Assignment.course_id == course().id, _is_student(Submission.user_id))
        .group_by(Submission.assignment_id)
    )
    return {assignment or 0: (submissions, students) for assignment, submissions, students in reader().execute(found)}


def _count_results(column: Any) -> defaultdict[int, list[tuple[float, int]]]:
    """How often each value occurs, by assignment: far fewer rows than results."""
    found = (
        select(Result.assignment_id, column, func.count())
        .join(Assignment, Assignment.id == Result.assignment_id)
        .where(Assignment.course_id == course().id, column.is_not(None), _is_student(Result.user_id))
        .group_by(Result.assignment_id, column)
    )
    counts: defaultdict[int, list[tuple[float, int]]] = defaultdict(list)
    for assignment, value, count in reader().execute(found):
        counts[assignment].append((value, count))
    return counts


def _is_student(user: Any) -> Any:
    mine = (Membership.course_id == course().id) & (Membership.role == Role.STUDENT)
    return user.in_(select(Membership.user_id).where(mine))


def results_of(assignment: Assignment) -> list[Any]:
    """What counts for each student of an assignment: the submission and its points."""
    found = select(Result.submission_id, Result.points).where(Result.assignment_id == assignment.id)
    return list(reader().execute(found.where(_is_student(Result.user_id))))


def _full(counts: list[tuple[float, int]], worth: float | None) -> float | None:
    reached = sum(count for value, count in counts if worth and value >= worth - 1e-9)
    return share(reached, sum(count for _, count in counts)) if worth else None


# --- drawing


def _until(assignment: Assignment) -> datetime | None:
    """Until when the timeline goes: the deadline, or now as long as it is to come."""
    return min(assignment.due_at, now()) if assignment.due_at else None


def _bin_label(each: Bin) -> str:
    return f"{local().number(each.low)}–{local().number(each.high)}"


def _point_bars(bins: list[Bin]) -> Bars | None:
    columns = [Column(_bin_label(each), each.count) for each in bins]
    return chart.lay_out(columns, local(), across=_("points"), up=_("students"))


def _needed(each: figures.Needed) -> str:
    return str(each.first) if each.last else _("%(number)s or more") % {"number": each.first}


def _attempt_bars(success: figures.Success) -> Bars | None:
    columns = [Column(_needed(each), each.count, "" if each.last else f"{each.first}+") for each in success.needed]
    columns.append(Column(_("not yet"), success.not_yet))
    is_empty = not any(each.count for each in columns)
    return None if is_empty else chart.lay_out(columns, local(), across=_("attempts"), up=_("students"))


def _time_bars(spans: list[Span], due: datetime | None) -> Bars | None:
    columns = [Column(_span_label(each), each.count, _short(each.start)) for each in spans]
    return chart.lay_out(columns, local(), across=_("time"), up=_("submissions"), mark=_place(spans, due))


def _place(spans: list[Span], due: datetime | None) -> tuple[float, str] | None:
    """Where on the timeline the due date is; None: not on it."""
    if not spans or due is None or not spans[0].start <= due <= spans[-1].end:
        return None
    return (due - spans[0].start) / (spans[-1].end - spans[0].start), _("due")


def _short(when: datetime) -> str:
    """A date without the year, as short as the language writes it."""
    return str(dates.format_skeleton("MMMd", when, tzinfo=local().zone, locale=local().locale))


def _span_label(each: Span) -> str:
    language = local()
    first = dates.format_date(each.start, "medium", locale=language.locale)
    if each.end - each.start >= DAY:
        last = dates.format_date(each.end - timedelta(hours=1), "medium", locale=language.locale)
        return first if first == last else f"{first} – {last}"
    start, end = (dates.format_time(when.timetz(), "short", locale=language.locale) for when in (each.start, each.end))
    return f"{first}, {start} – {end}"
