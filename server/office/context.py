"""What the office gives to every page's template: announcements, its tabs, alerts of a course's exercises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from server.context import course, now, reader, user
from server.exercise.titles import titles_of
from server.office import alerts, announcements, tabs


def init_app(app: Flask) -> None:
    """Give it."""
    app.context_processor(_template_names)


def _template_names() -> dict[str, Any]:
    # Functions: a page that does not ask costs nothing.
    return {
        "announcements": _announcements,
        "with_links": announcements.linked,
        "office_tabs": tabs.tabs_for,
        "office_tab": tabs.belongs_to,
        "course_alerts": _course_alerts,
        "exercise_titles": lambda alerts: titles_of(alert.slug for alert in alerts),
    }


def _announcements() -> Sequence[Any]:
    """What the reader is told. The page that says that the database does not answer must not need it."""
    try:
        account = user()
        return announcements.current(reader(), account.id if account else None, now())
    except SQLAlchemyError:
        current_app.logger.exception("announcements could not be read")
        return []


def _course_alerts() -> list[alerts.Alert]:
    """The exercises to mend of the course of the path."""
    return alerts.alerts_of_course(reader(), now(), course().id)
