"""The parts of the administration, as tabs: which there are, and who sees them."""

from __future__ import annotations

from server.course.membership import is_at_least
from server.course.tabs import Tab
from server.i18n import mark
from server.models import Role

TABS = (
    Tab("office.show", mark("Overview"), Role.ADMINISTRATOR),
    Tab("office_users.index", mark("Users"), Role.ADMINISTRATOR),
    Tab("office_queue.show", mark("Queue"), Role.ADMINISTRATOR),
    Tab("office_failures.index", mark("Failed gradings"), Role.ADMINISTRATOR),
    Tab("office_exercises.index", mark("Exercises"), Role.INSTRUCTOR),
    Tab("office_log.index", mark("Log"), Role.ADMINISTRATOR),
    Tab("office_announcements.index", mark("Announcements"), Role.ADMINISTRATOR),
    Tab("office_retention.show", mark("Retention"), Role.ADMINISTRATOR),
)


def tabs_for(role: Role) -> list[Tab]:
    """What somebody sees."""
    return [tab for tab in TABS if is_at_least(role, tab.least)]


def belongs_to(endpoint: str, tab: Tab) -> bool:
    """Whether a page is a tab's: all of the blueprint are, and what is done with somebody's data is with the users."""
    blueprint = endpoint.partition(".")[0]
    return tab.endpoint.partition(".")[0] == ("office_users" if blueprint == "office_people" else blueprint)
