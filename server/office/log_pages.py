"""The log of who did what: of the portal for administrators, of a course for its instructors."""

from __future__ import annotations

from datetime import date, tzinfo
from typing import Any

from babel import dates
from flask import Blueprint, render_template, request

from server.access import Audience, open_to
from server.context import course as course_of_path
from server.context import language, parts, reader
from server.i18n import mark
from server.office import entries
from server.office.entries import Filter
from server.office.listing import cut
from server.office.log import TEXTS, Action

bp = Blueprint("office_log", __name__)

NO_DAY = mark("This is no date. Write it as 2026-03-31.")


@bp.get("/office/log")
@open_to(Audience.ADMINISTRATOR)
def index() -> str | tuple[str, int]:
    """Show what was done in the portal."""
    return _show("office/log.html", language().zone)


@bp.get("/courses/<course>/log")
@open_to(Audience.TEACHER)
def of_course(course: str) -> str | tuple[str, int]:
    """Show what was done in a course."""
    zone = dates.get_timezone(course_of_path().time_zone or parts().settings.time_zone)
    return _show("office/course_log.html", zone, course_of_path().id)


def _show(template: str, zone: tzinfo, course_id: int | None = None) -> str | tuple[str, int]:
    values = {name: request.args.get(name, "")[:100] for name in ("person", "action", "first", "last")}
    # On a course's page it is the path that says which.
    values["course"] = request.args.get("course", "")[:100] if course_id is None else ""
    wanted, problems = _read(values)
    query = entries.find(wanted, zone, course_id)
    page = cut(reader(), query, request.args.get("page", 1, type=int))
    chosen = {name: value for name, value in values.items() if value}
    lines = entries.lines(reader(), page.entries)
    shown: dict[str, Any] = {"values": values, "chosen": chosen, "problems": problems, "actions": TEXTS}
    return render_template(template, page=page, lines=lines, **shown), 400 if problems else 200


def _read(values: dict[str, str]) -> tuple[Filter, dict[str, str]]:
    """Read the filter, as far as it can be read, and say what is wrong with the rest, by field."""
    action = Action(values["action"]) if values["action"] in list(Action) else None
    days: dict[str, date | None] = {}
    problems = {}
    for name in ("first", "last"):
        try:
            days[name] = entries.read_day(values[name])
        except ValueError:
            problems[name] = NO_DAY
    return Filter(values["person"], values["course"], action, days.get("first"), days.get("last")), problems
