"""The words of the administration's pages."""

from __future__ import annotations

from grader.report import Owner
from server.i18n import Translator, mark
from server.models import Role

ROLES = {
    Role.STUDENT: mark("student"),
    Role.ASSISTANT: mark("assistant"),
    Role.INSTRUCTOR: mark("instructor"),
    Role.ADMINISTRATOR: mark("administrator"),
}

#: whose fault it is, and so who has to act
OWNERS = {
    Owner.STUDENT: mark("the submission"),
    Owner.EXERCISE: mark("the exercise"),
    Owner.INFRASTRUCTURE: mark("this portal"),
}


def lasted(seconds: float, language: Translator) -> str:
    """Write how long something took or takes: "12 s", "3 min 5 s", "2 h 10 min"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{language.number(whole // 3600)} h {whole // 60 % 60} min"
