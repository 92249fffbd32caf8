"""Texts, numbers and dates in the reader's language.

English is written in the code and the templates; ``translations/`` holds the other languages as ``.po`` files. They
are compiled in memory at start, so that a checkout works as it is. ``python -m server.messages`` keeps them in step.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from grader.report import LANGUAGES, Text

FOLDER = Path(__file__).parent / "translations"

#: each language by its own name
NAMES = {"en": "English", "pt-BR": "Português"}


def mark(text: str) -> str:
    """Mark a text for translation where it is written; it is translated where it is shown."""
    return text


class Translator:
    """One language: its texts and its way to write numbers and moments."""

    def __init__(self, tag: str, zone: str = "UTC") -> None:
        self.tag = tag
        self.locale = Locale.parse(tag, sep="-")
        self.zone = dates.get_timezone(zone)
        self._texts = _load(tag)

    def gettext(self, text: str) -> str:
        """Translate a text."""
        return self._texts.gettext(text)

    def ngettext(self, one: str, many: str, count: float) -> str:
        """Translate a text that depends on a number. A fraction is plural in English, else as its whole part is."""
        whole = int(count) if self.tag != "en" or count == int(count) else 2
        return self._texts.ngettext(one, many, whole)

    def pick(self, text: Text) -> str:
        """Choose from a text that carries all its languages; English where this one is missing."""
        return text.get(self.tag) or text.get("en", "")

    def number(self, value: float) -> str:
        """Write a number: at most two decimals."""
        return numbers.format_decimal(value, format="#,##0.##", locale=self.locale)

    def size(self, count: int) -> str:
        """Write a number of bytes."""
        if count < 1000:
            return self.ngettext("%(n)s byte", "%(n)s bytes", count) % {"n": self.number(count)}
        unit, divisor = ("MB", 1e6) if count >= 1e6 else ("kB", 1e3)
        return f"{numbers.format_decimal(count / divisor, format='#,##0.#', locale=self.locale)} {unit}"

    def moment(self, when: datetime) -> str:
        """Write a date and a time, with its zone: the reader may be elsewhere."""
        text = dates.format_datetime(when, "medium", tzinfo=self.zone, locale=self.locale)
        return f"{text} {dates.format_datetime(when, 'z', tzinfo=self.zone, locale=self.locale)}"


@cache
def _load(tag: str) -> NullTranslations:
    path = po_path(tag)
    if tag == "en" or not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=tag.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def po_path(tag: str) -> Path:
    """Where the texts of a language lie."""
    return FOLDER / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po"


def choose(wishes: Iterable[str | None], default: str) -> str:
    """Choose the first wish that there are texts for; ``pt`` and ``pt-PT`` get ``pt-BR``."""
    by_family = {tag.split("-")[0]: tag for tag in LANGUAGES}
    found = (by_family.get(wish.lower().replace("_", "-").split("-")[0]) for wish in wishes if wish)
    return next((tag for tag in found if tag), default)
