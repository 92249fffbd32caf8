"""nbgrader's exchange over HTTPS: its commands talk to a portal instead of a folder that everybody may write into.

In ``nbgrader_config.py``::

    from grader.nbgrader.exchange import configure

    c = get_config()
    configure(c, "https://gradiente.example.org", "deep-learning-2026-2")

The token is the one of ``gradiente login``, or ``GRADIENTE_TOKEN``. This module alone does not need nbgrader.
"""

from __future__ import annotations

from typing import Any

from grader.nbgrader.environment import find_alembic

#: what nbgrader calls each part -> where it is
PARTS = {
    "exchange": "base.Exchange",
    "fetch_assignment": "fetch_assignment.ExchangeFetchAssignment",
    "fetch_feedback": "fetch_feedback.ExchangeFetchFeedback",
    "release_assignment": "release_assignment.ExchangeReleaseAssignment",
    "release_feedback": "release_feedback.ExchangeReleaseFeedback",
    "list": "list.ExchangeList",
    "submit": "submit.ExchangeSubmit",
    "collect": "collect.ExchangeCollect",
}


def configure(config: Any, url: str = "", course: str = "", token: str | None = None) -> None:
    """Make the portal at ``url`` the exchange; without ``url``, the one of ``gradiente login``.

    ``course``: the course's code on the portal. ``token`` is for where nobody can log in and no variable be set.
    """
    for name, where in PARTS.items():
        config.ExchangeFactory[name] = f"{__name__}.{where}"
    if url:
        config.Exchange.url = url
    if token:
        config.Exchange.token = token
    if course:
        config.CourseDirectory.course_id = course
    find_alembic()  # collecting what came in before the due date reads the gradebook
