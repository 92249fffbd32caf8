"""What is wrong with a field, in the reader's language; msgspec says it in English."""

from __future__ import annotations

import re

from server.context import _
from server.i18n import mark

#: what msgspec says -> what we say; the groups fill in the names
_RULES = [
    (r"Object contains unknown field `(?P<name>[^`]+)`", mark("There is no such field or parameter.")),
    (r"Object missing required field `(?P<name>[^`]+)`", mark("This is missing.")),
    (r"Invalid enum value '?(?P<found>.*?)'?", mark("There is no such choice: %(found)s.")),
    (r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`", mark("Expected %(wanted)s; found %(found)s.")),
    (r"Expected `(?P<wanted>\w+)` (?P<sign>[<>]=) (?P<limit>-?[\d.]+)", mark("It must be %(sign)s %(limit)s.")),
    (r"Expected `\w+` of length (?P<sign>[<>]=) (?P<limit>\d+)", mark("Its length must be %(sign)s %(limit)s.")),
    (r"Expected `str` matching regex '(?P<pattern>.*)'", mark("It must match %(pattern)s.")),
    (r"Invalid RFC3339.*|Expected `datetime` with.*", mark("Write it as 2026-03-31T18:00:00-03:00, with its zone.")),
    (r"Number out of range", mark("This number is too large.")),
    (r"Invalid base64 encoded string", mark("This is not Base64.")),
]
_NAMES = {
    "int": mark("a whole number"),
    "float": mark("a number"),
    "str": mark("a text"),
    "object": mark("an object"),
    "array": mark("a list"),
    "null": mark("null"),
    "bool": mark("true or false"),
    "bytes": mark("Base64"),
}


def explain(error: str) -> tuple[str, str]:
    """The field of a validation error, ``$`` for all of it, and what is wrong there."""
    text, _at, place = error.partition(" - at `")
    field = place.rstrip("`").removeprefix("$.") or "$"
    for pattern, sentence in _RULES:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            values = found.groupdict()
            name = values.pop("name", None) or field
            return name, _(sentence) % {key: _name(value) for key, value in values.items()}
    return field, text


def _name(value: str) -> str:
    return " / ".join(_(_NAMES[kind]) if kind in _NAMES else kind for kind in value.split(" | "))
