"""Comments that people wrote in the gradebook, as a part of the portal's comment on an attempt."""

from __future__ import annotations

from collections.abc import Mapping

_HEADING = {"en": "From nbgrader:", "pt-BR": "Do nbgrader:"}


def render(remarks: Mapping[str, str], language: str) -> str:
    """Write comments, by cell, as one text; empty: there are none."""
    if not remarks:
        return ""
    lines = [f"– {cell.rpartition('/')[2]}: {text}" for cell, text in remarks.items()]
    return "\n".join([_HEADING[language], *lines])


def clean(text: str | None) -> str:
    """A text as the portal will have it: without what no page shows, and with one kind of line's end."""
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in plain if sign in "\n\t" or (sign >= " " and sign != "\x7f")).strip()


def swap(comment: str, old: str, new: str) -> str | None:
    """Put a text in the place of the one that was written last time; None: somebody has changed that one."""
    if old and old not in comment:
        return None
    if old:
        return clean(comment.replace(old, new, 1))
    return clean(f"{comment}\n\n{new}")
