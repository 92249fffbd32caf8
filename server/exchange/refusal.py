"""Why something is not done: sentences to be translated, with what they speak of."""

from __future__ import annotations

from typing import Any

from server.i18n import mark

IS_RELEASED = mark(
    "%(name)s is released already: version %(version)s, by %(who)s, %(when)s. "
    "With force, yours becomes the next version."
)
NOT_RELEASED = mark("%(name)s is not released in this course.")
ARCHIVED = mark("This course is archived: nothing is released or handed in any more.")
STAYS = mark("This course is archived: what was released and handed in stays as it is.")
TOO_OFTEN = mark("You have handed in %(name)s %(count)s times within a day. Hand in again tomorrow.")
GONE = mark("The file of this submission was deleted because of its age.")
NO_PAGES = mark("Feedback is a zip archive of .html files without folders, such as nbgrader generates.")
NOT_THE_SAME = mark("What arrived has another SHA-256. Send it again.")


class Refused(Exception):
    """The rules do not allow it; nothing was changed."""

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.text = text
        #: what the sentence speaks of: texts, numbers and moments
        self.values = values
