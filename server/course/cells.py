"""Cells of tables that spreadsheets open: a text that somebody wrote stays a text there, and becomes no formula.

Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

#: what makes a spreadsheet take a text for a formula; a tab or a line's end only hides what follows it
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def defuse(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what begins like one."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_STARTS) or text.startswith(_STARTS) else text
