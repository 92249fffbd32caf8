"""A gradebook as a table for spreadsheets: CSV or Excel. Knows no Flask."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter

from server.course.cells import defuse
from server.course.gradebook import Gradebook
from server.i18n import Translator

Value = str | float | None


def rows(book: Gradebook, titles: dict[int, str], language: Translator) -> Iterator[list[Value]]:
    """The table: a line of headings, what each column is worth, and a line for each student."""
    say = language.gettext
    heads = [say("Name"), say("User name"), say("E-mail"), say("Number"), say("Section")]
    yield [*heads, *(titles[each.id] for each in book.assignments), say("Total")]
    yield [say("Points to earn"), "", "", "", "", *(book.worth[each.id] for each in book.assignments), book.most]
    for row in book.rows:
        member, person = row.member, row.member.user
        texts = [person.name, person.login, person.email or "", member.number, member.section]
        points = [row.cells[each.id].points if each.id in row.cells else None for each in book.assignments]
        yield [*texts, *points, row.total]


def write_csv(table: Iterator[list[Value]], separator: str, decimal: str) -> bytes:
    """Write CSV in UTF-8, with the mark at its beginning that makes Excel see that."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    for line in table:
        writer.writerow([_plain(value, decimal) for value in line])
    return text.getvalue().encode("utf-8-sig")


def _plain(value: Value, decimal: str) -> str:
    if isinstance(value, str):
        return defuse(value)
    return "" if value is None else f"{value:.10g}".replace(".", decimal)


def write_excel(table: Sequence[list[Value]], title: str) -> bytes:
    """Write an Excel workbook with one sheet. Texts are written as texts and numbers as numbers: none is a formula."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    workbook = xlsxwriter.Workbook(content, options)
    sheet = workbook.add_worksheet(_sheet_name(title))
    bold = workbook.add_format({"bold": True})
    for number, line in enumerate(table):
        for column, value in enumerate(line):
            _write_cell(sheet, number, column, value, bold if number == 0 else None)
    sheet.freeze_panes(2, 1)
    sheet.set_column(0, 0, 28)
    workbook.close()
    return content.getvalue()


def _write_cell(sheet: Any, row: int, column: int, value: Value, style: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, value, style)
    elif value is not None:
        sheet.write_number(row, column, value, style)


def _sheet_name(title: str) -> str:
    """Excel takes 31 letters, and not all of them."""
    kept = "".join(letter if letter.isprintable() and letter not in "[]:*?/\\'" else " " for letter in title)
    return " ".join(kept.split())[:31] or "Gradiente"
