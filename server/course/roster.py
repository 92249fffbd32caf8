"""Reads a roster: the text of a CSV file becomes rows, each with what is wrong in it. Knows no Flask, no database."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from server.account import identity
from server.course.columns import Column, find_columns, plain, read_role
from server.i18n import mark
from server.models import Role

MAX_BYTES, MAX_ROWS = 400_000, 3_000
#: of a number and of a section
MAX_LABEL = 40
#: before the headings, there may be a title and such
MAX_HEAD = 10
SEPARATORS = ",;\t"

#: rows that Canvas adds to its tables
NOBODY = ("points possible", "student test", "test student")


@dataclass(frozen=True)
class Note:
    """A sentence for whoever imports, to translate, and what stands in it."""

    text: str
    values: Mapping[str, Any] = field(default_factory=dict)


class Wrong(ValueError):
    """A file that is no roster; nothing was read."""

    def __init__(self, text: str, **values: Any) -> None:
        super().__init__(text)
        self.note = Note(text, values)


@dataclass(frozen=True)
class Row:
    """One person of a roster. Empty: not told."""

    line: int = 0
    name: str = ""
    email: str = ""
    login: str = ""
    number: str = ""
    section: str = ""
    #: None: not told
    role: Role | None = None
    #: what is wrong with it; None: nothing that can be seen without looking further
    problem: Note | None = None


ZIPPED = mark("This is an Excel or zip file. Save the table as CSV, then choose that file.")
NO_TEXT = mark("This is no text. Save the table as CSV, then choose that file.")
TOO_BIG = mark("The file is too large: at most %(size)s kB are read.")
TOO_MANY = mark("The file has more than %(count)s rows. Split it into several.")
NO_HEADINGS = mark(
    "No line with headings was found. The first line must name the columns: at least an e-mail address, "
    "a user name or a number, and for new people a name."
)
NO_ROWS = mark("Below the headings there are no people.")
BROKEN = mark("Line %(line)s cannot be read: a quotation mark is missing or too many.")

NO_NAME = mark("The name is missing.")
BAD_NAME = mark("The name has more than 80 characters, or some that cannot be shown.")
BAD_EMAIL = mark("“%(value)s” is no e-mail address.")
BAD_LOGIN = mark("“%(value)s” is no user name: 3 to 32 letters without accents, digits, dots, hyphens or underscores.")
NOBODY_KNOWN = mark("There is no e-mail address, no user name and no number to tell who this is.")
LONG_LABEL = mark("“%(value)s” is too long: at most 40 characters.")
ROUNDED = mark("“%(value)s” was shortened by the spreadsheet. Format the column as text, then export it again.")
NO_ROLE = mark("“%(value)s” is no role. There are: student, assistant, instructor.")


def decode(content: bytes) -> str:
    """The text of a file, in whatever way spreadsheets write it. Raises Wrong."""
    if len(content) > MAX_BYTES:
        raise Wrong(TOO_BIG, size=MAX_BYTES // 1000)
    if content.startswith(b"PK\x03\x04"):
        raise Wrong(ZIPPED)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16", "replace")
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            # Windows' Latin-1, with the few bytes that it leaves open as in the real one.
            text = content.decode("cp1252", "replace")
    if "\0" in text:
        raise Wrong(NO_TEXT)
    return text


def read_rows(text: str) -> list[Row]:
    """The people of a roster. Raises Wrong where it cannot be one."""
    if len(text) > MAX_BYTES:
        raise Wrong(TOO_BIG, size=MAX_BYTES // 1000)
    head = text.lstrip("\ufeff").splitlines()[:MAX_HEAD]
    # The separator is the one by which most columns are recognised.
    separator = max(SEPARATORS, key=lambda each: max((len(_headings(line, each)) for line in head), default=0))
    columns: Mapping[Column, int] = {}
    rows: list[Row] = []
    for number, cells in _records(text.lstrip("\ufeff"), separator):
        if not columns:
            columns = find_columns(cells) if number <= MAX_HEAD else {}
            if not columns and number >= MAX_HEAD:
                raise Wrong(NO_HEADINGS)
        elif (row := _read(number, cells, columns)) is not None:
            rows.append(row)
            if len(rows) > MAX_ROWS:
                raise Wrong(TOO_MANY, count=MAX_ROWS)
    if not columns:
        raise Wrong(NO_HEADINGS)
    if not rows:
        raise Wrong(NO_ROWS)
    return rows


def _headings(line: str, separator: str) -> Mapping[Column, int]:
    try:
        return find_columns(next(csv.reader([line], delimiter=separator), []))
    except csv.Error:  # a cell without end
        return {}


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise Wrong(BROKEN, line=line) from error


def _read(line: int, cells: list[str], columns: Mapping[Column, int]) -> Row | None:
    """One row; None: there is nobody in it."""
    told = {column: _cell(cells, place) for column, place in columns.items()}
    name = _name(told)
    if not any(told.values()) or (plain(name) in NOBODY and not told.get(Column.EMAIL)):
        return None
    return check(
        line,
        name,
        told.get(Column.EMAIL, ""),
        told.get(Column.LOGIN, ""),
        told.get(Column.NUMBER, ""),
        told.get(Column.SECTION, ""),
        told.get(Column.ROLE, ""),
    )


def _cell(cells: list[str], place: int) -> str:
    """What a cell says. An apostrophe that was put before a formula's sign, when it was exported, goes."""
    text = identity.clean_name(cells[place]) if place < len(cells) else ""
    return re.sub(r"^'(?=[=+\-@])", "", text)


def _name(told: Mapping[Column, str]) -> str:
    """The name as people say it: "Silva, Ana" is Ana Silva."""
    if Column.FIRST in told or Column.LAST in told:
        parts = f"{told.get(Column.FIRST, '')} {told.get(Column.LAST, '')}".strip()
        if parts:
            return parts
    name = told.get(Column.NAME, "")
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and first.strip() and "," not in first else name


def check(line: int, name: str, email: str, login: str, number: str, section: str, role: str) -> Row:
    """Clean what was told of one person, and see what is wrong with it."""
    email, login = identity.clean_login(email), identity.clean_login(login)
    if "@" in login:
        # Many institutions' user names are e-mail addresses; here, no user name has an @.
        email, login = email or login, ""
    found = read_role(role) if role else None
    row = Row(line, name, email, login, number, section, found)
    return Row(line, name, email, login, number, section, found, next(_problems(row, role), None))


def _problems(row: Row, role: str) -> Iterator[Note]:
    if row.name and not identity.check_name(row.name):
        yield Note(BAD_NAME)
    if row.email and not identity.check_email(row.email):
        yield Note(BAD_EMAIL, {"value": _short(row.email)})
    if row.login and not identity.LOGIN.fullmatch(row.login):
        yield Note(BAD_LOGIN, {"value": _short(row.login)})
    if re.fullmatch(r"\d[.,]\d+e\+\d+", row.number.casefold()):
        yield Note(ROUNDED, {"value": row.number})
    for label in (row.number, row.section):
        if len(label) > MAX_LABEL or not label.isprintable():
            yield Note(LONG_LABEL, {"value": _short(label)})
    if role and row.role is None:
        yield Note(NO_ROLE, {"value": _short(role)})
    if not (row.email or row.login or row.number):
        yield Note(NOBODY_KNOWN)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
