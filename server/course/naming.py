"""Names of courses: codes for addresses, the next term, and what is wrong with what was typed. Plain functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from itertools import count
from zoneinfo import available_timezones

from server.i18n import mark

CODE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MAX_CODE, MAX_TITLE, MAX_TERM, MAX_LATE_DAYS = 40, 120, 40, 100
#: addresses of other pages
RESERVED = ("new",)

TITLE_PROBLEM = mark("Write what the course is called, in at most 120 characters.")
TERM_PROBLEM = mark("Write the term in at most 40 characters, or leave the field empty.")
CODE_PROBLEM = mark("Use 1 to 40 small letters without accents, digits and hyphens, not at the ends.")
CODE_TAKEN = mark("Another course has this code. Choose another one.")
ZONE_PROBLEM = mark("There is no such time zone. Choose one from the list, such as America/Sao_Paulo.")
LATE_DAYS_PROBLEM = mark("Write a whole number from 0 to 100.")

SEASONS = ("spring", "fall")


@dataclass(frozen=True)
class Form:
    """What was typed about a course, not judged yet."""

    title: str = ""
    term: str = ""
    code: str = ""
    time_zone: str = ""
    late_days: str = "0"


def check(form: Form) -> dict[str, str]:
    """Say what is wrong with each field, as texts to translate; empty: nothing."""
    problems = {}
    if not 1 <= len(form.title) <= MAX_TITLE or not form.title.isprintable():
        problems["title"] = TITLE_PROBLEM
    if len(form.term) > MAX_TERM or not form.term.isprintable():
        problems["term"] = TERM_PROBLEM
    if form.code and (not CODE.fullmatch(form.code) or form.code in RESERVED):
        problems["code"] = CODE_PROBLEM
    if form.time_zone and form.time_zone not in time_zones():
        problems["time_zone"] = ZONE_PROBLEM
    if read_number(form.late_days, MAX_LATE_DAYS) is None:
        problems["late_days"] = LATE_DAYS_PROBLEM
    return problems


def read_number(text: str, most: int, least: int = 0) -> int | None:
    """A whole number within limits; None: it is none."""
    if not re.fullmatch(r"-?[0-9]{1,6}", text.strip()):
        return None
    return number if least <= (number := int(text)) <= most else None


@cache
def time_zones() -> tuple[str, ...]:
    """All time zones that there are, by their names."""
    return tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))


def suggest_code(title: str, term: str, taken: Container[str] = ()) -> str:
    """A code that says title and term, and that no other course has."""
    # Signs that NFKD takes apart are half in ASCII: the sign for "1st" ends in letters.
    plain = unicodedata.normalize("NFKD", f"{title} {term}").encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > MAX_CODE - 3:
        words = words[: MAX_CODE - 3].rstrip("-")
    code = words or "course"
    if code in RESERVED or code in taken:
        return next(each for number in count(2) if (each := f"{code}-{number}") not in taken)
    return code


def next_term(term: str) -> str:
    """The term after this one, where it is written in a usual way; empty: it is not."""
    if found := re.fullmatch(r"(\d{4})(\s*[/.-]\s*)([12])", term.strip()):
        year, sign, half = int(found[1]), found[2], found[3]
        return f"{year}{sign}2" if half == "1" else f"{year + 1}{sign}1"
    if found := re.fullmatch(r"([^\W\d]+)\s+(\d{4})", term.strip()):
        year, (spring, fall) = int(found[2]), SEASONS
        if found[1].casefold() == spring:
            return f"{_like(found[1], fall)} {year}"
        if found[1].casefold() == fall:
            return f"{_like(found[1], spring)} {year + 1}"
    if found := re.fullmatch(r"(\d{4})", term.strip()):
        return str(int(term) + 1)
    return ""


def _like(model: str, word: str) -> str:
    return word.capitalize() if model[0].isupper() else word
