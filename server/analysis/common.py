"""What the pages of analytics and of similarity share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from babel import numbers
from flask import current_app
from sqlalchemy import func, select

from server.analysis.cache import Recent
from server.analysis.fingerprint import Fingerprints, Stub
from server.analysis.pairs import Pair
from server.analysis.records import Archive
from server.context import course, language, reader
from server.course.deadline import span
from server.models import Membership, Role


@dataclass
class Kept:
    """What a portal keeps in memory for these pages; everything can be worked out again."""

    archive: Archive = field(default_factory=Archive)
    stubs: Recent[str, Stub] = field(default_factory=lambda: Recent(200))
    #: by exercise, content and kind of file; None: it cannot be read
    fingerprints: Recent[tuple[str, str, str, str], Fingerprints | None] = field(default_factory=lambda: Recent(20_000))
    #: by everything that was compared
    pairs: Recent[bytes, list[Pair]] = field(default_factory=lambda: Recent(16))


def kept() -> Kept:
    """What this portal keeps."""
    return cast(Kept, current_app.extensions.setdefault("analysis", Kept()))


def count_students() -> int:
    """How many students the course has."""
    mine = (Membership.course_id == course().id) & (Membership.role == Role.STUDENT)
    return reader().scalar(select(func.count()).select_from(Membership).where(mine)) or 0


def percent(part: float) -> str:
    """Write a part of the whole, without decimals."""
    return str(numbers.format_percent(part, format="#,##0%", locale=language().locale))


def duration(seconds: float) -> str:
    """Write a time: seconds as they are, minutes and more by their two largest units."""
    if seconds >= 120:
        return span(timedelta(seconds=seconds), language())
    digits = "0.###" if seconds < 1 else "0.#"
    return f"{numbers.format_decimal(seconds, format=digits, locale=language().locale)} s"
