"""``python -m server.messages``: brings the translations in step with the texts of code and templates.

New texts are added without a translation, texts that are gone are dropped; a test fails until all are translated.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from grader.report import LANGUAGES
from server.i18n import po_path

ROOT = Path(__file__).parent
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
#: the format wants dates; constant ones keep the file's history to its texts
DATE = datetime(2026, 1, 1, tzinfo=UTC)
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("_", "gettext", "mark", "about")),
    "ngettext": (1, 2),
}
OPTIONS = {"templates/**.html": {"silent": "false"}}


def collect() -> Catalog:
    """All texts, in English."""
    catalogue = Catalog(project="Gradiente")
    found = extract_from_dir(str(ROOT), METHODS, options_map=OPTIONS, keywords=KEYWORDS)
    for file, _line, text, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        # No line numbers: they would change with every edit of a file.
        catalogue.add(text, locations=[(f"server/{file}", 0)], auto_comments=comments, context=context)
    return catalogue


def load(tag: str) -> Catalog:
    """The translations of a language as they stand in its file."""
    locale = tag.replace("-", "_")
    if not po_path(tag).is_file():
        return Catalog(locale=locale, project="Gradiente", fuzzy=False, creation_date=DATE, revision_date=DATE)
    with po_path(tag).open("rb") as file:
        return read_po(file, locale=locale)


def update(tag: str) -> None:
    """Write a language's file anew: what is new is empty, what is gone is gone."""
    catalogue = load(tag)
    catalogue.update(collect(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.header_comment = "# The texts of Gradiente's portal. Kept in step by: python -m server.messages"
    catalogue.creation_date = DATE
    catalogue.last_translator = catalogue.language_team = catalogue.msgid_bugs_address = "Gradiente"
    po_path(tag).parent.mkdir(parents=True, exist_ok=True)
    with po_path(tag).open("wb") as file:
        write_po(file, catalogue, width=120, include_lineno=False, ignore_obsolete=True)


if __name__ == "__main__":
    for each in LANGUAGES:
        if each != "en":
            update(each)
