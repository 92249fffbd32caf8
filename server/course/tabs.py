"""The parts of a course's pages, as tabs: which there are, and who sees them."""

from __future__ import annotations

from dataclasses import dataclass

from server.course.membership import is_at_least
from server.i18n import mark
from server.models import Role


@dataclass(frozen=True)
class Tab:
    """One part."""

    #: the page that it leads to; all pages of that blueprint belong to it
    endpoint: str
    text: str
    least: Role
    #: a part of that blueprint whose pages belong to it, where the others belong to another tab
    part: str = "-"


TABS = (
    Tab("courses.show", mark("Overview"), Role.STUDENT),
    Tab("assignments.index", mark("Assignments"), Role.ASSISTANT),
    Tab("people.index", mark("People"), Role.ASSISTANT),
    Tab("gradebook.show", mark("Gradebook"), Role.ASSISTANT),
    Tab("reviews.index", mark("Submissions"), Role.ASSISTANT),
    Tab("regrades.index", mark("Regrades"), Role.ASSISTANT),
    Tab("analytics.index", mark("Analytics"), Role.ASSISTANT),
    Tab("similarity.index", mark("Similarity"), Role.ASSISTANT),
    Tab("exchange.index", mark("nbgrader"), Role.ASSISTANT),
    Tab("office_announcements.of_course", mark("Announcements"), Role.INSTRUCTOR),
    Tab("office_log.of_course", mark("Log"), Role.INSTRUCTOR),
    Tab("courses.settings", mark("Settings"), Role.INSTRUCTOR, part="courses.copies."),
)


def tabs_for(role: Role) -> list[Tab]:
    """What somebody sees."""
    return [tab for tab in TABS if is_at_least(role, tab.least)]


def current(endpoint: str) -> Tab | None:
    """The tab that a page belongs to: the page's own, or else its part's, or else its blueprint's."""
    blueprint = endpoint.partition(".")[0]
    own = [tab for tab in TABS if tab.endpoint == endpoint or endpoint.startswith(tab.part)]
    return next(iter([*own, *(tab for tab in TABS if tab.endpoint.partition(".")[0] == blueprint)]), None)
