"""The page that copies a course into the next term."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from babel import dates
from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from server.access import Audience, open_to
from server.account.identity import clean_name
from server.context import _, language, me, now, parts, reader
from server.context import course as here
from server.course import copying, moment, naming
from server.course.copying import Copy
from server.course.naming import Form, read_number
from server.exercise.titles import title_of
from server.i18n import mark
from server.models import Course

bp = Blueprint("copies", __name__, url_prefix="/<course>/copy")

Page = str | Response | tuple[str, int]

COUNT_PROBLEM = mark("Write a whole number from −520 to 520, for instance 26.")
DAY_PROBLEM = mark("Choose the day on which the first date of the new course shall be.")
MAX_COUNT = 520

UNITS = {"days": 1, "weeks": 7}


@dataclass(frozen=True)
class Typed:
    """What was typed."""

    title: str
    term: str
    code: str
    #: how dates move: "no", "by" a number of units, "to" a new first day
    move: str
    count: str
    unit: str
    day: str
    with_staff: bool


@bp.route("", methods=["GET", "POST"])
@open_to(Audience.TEACHER)
def form(course: str) -> Page:
    """Copy the course: its assignments with later dates, as drafts; no students, no submissions."""
    if request.method == "GET":
        move = "to" if _first_day() else "no"
        typed = Typed(here().title, naming.next_term(here().term), "", move, "26", "weeks", "", True)
        return _show(typed, {})
    typed = _read()
    days, problems = _days(typed)
    found = problems | naming.check(Form(typed.title, typed.term, typed.code))
    if found:
        return _show(typed, {name: _(text) for name, text in found.items()}), 400
    taken = {"code": _(naming.CODE_TAKEN)}
    try:
        with parts().database.write() as writer:
            codes = set(writer.scalars(select(Course.code)))
            if typed.code in codes:
                return _show(typed, taken), 400
            code = typed.code or naming.suggest_code(typed.title, typed.term, codes)
            wanted = Copy(typed.title, typed.term, code, days, typed.with_staff)
            copying.copy(writer, writer.get_one(Course, here().id), wanted, _zone(), me().id, now())
    except moment.Unmovable as error:
        field = {"by": "count", "to": "day"}.get(typed.move, "move")
        return _show(typed, {field: error.message(title_of(error.slug), language())}), 400
    except IntegrityError:  # another one was quicker, on a database where both look first
        return _show(typed, taken), 400
    flash(_("The copy is there. Its assignments are drafts: students see none before you publish it."))
    return redirect(url_for("courses.show", course=code))


def _read() -> Typed:
    form = request.form
    text = {name: clean_name(form.get(name, "")) for name in ("title", "term", "code", "move", "count", "unit", "day")}
    return Typed(**{**text, "code": text["code"].lower()}, with_staff="with_staff" in form)


def _days(typed: Typed) -> tuple[int, dict[str, str]]:
    """By how many days dates move, and what is wrong with what was typed about it."""
    if typed.move == "by":
        count = read_number(typed.count, MAX_COUNT, -MAX_COUNT)
        return (count or 0) * UNITS.get(typed.unit, 1), {} if count is not None else {"count": COUNT_PROBLEM}
    if typed.move == "to":
        first, wanted = _first_day(), _read_day(typed.day)
        if wanted is None:
            return 0, {"day": DAY_PROBLEM}
        return (wanted - first).days if first else 0, {}
    return 0, {}


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _show(typed: Typed, problems: dict[str, str]) -> str:
    first = _first_day()
    assignments = copying.list_assignments(reader(), here().id)
    written = dates.format_date(first, "full", locale=language().locale) if first else ""
    return render_template(
        "course/copy.html",
        values=typed,
        problems=problems,
        assignments=len(assignments),
        first=written,
        # What most people want: half a year later, on the same day of the week.
        proposal=(first + timedelta(weeks=26)).isoformat() if first else "",
    )


def _first_day() -> date | None:
    return copying.first_day(copying.list_assignments(reader(), here().id), _zone())


def _zone() -> str:
    return here().time_zone or parts().settings.time_zone
