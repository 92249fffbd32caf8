"""Python source as statements of normalised tokens: what stays the same when names, layout and comments change.

Names become one symbol, numbers and strings another two. What nobody can rename without changing what the program
does is kept: keywords, built-in functions, and attributes that the file itself does not define (``.shape``, ``.exp``).
Comments and docstrings are dropped, and so are lines that are easily put in and tell nothing: imports, prints,
``pass``.

One regular expression finds the tokens, in time that grows with the length alone. Source that students hand in is
parsed nowhere outside the sandbox (see ``grader.submission``), and this way broken source is read as well as any other.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

#: what a normalised token is written as
NAME, NUMBER, STRING, END = "N", "0", "S", ";"

# A string without an end goes to the end of its line, or of the file. Possessive: nothing is tried twice.
_TOKEN = re.compile(
    r"""
    (?P<skip>[ \t\f\r]++|\\\r?\n|\#[^\n]*+)
    |(?P<newline>\n)
    |(?P<string>(?i:[rbuf]{0,2})(?:\"{3}(?:[^\\"]|\\.|"(?!""))*+(?:\"{3}|\Z)|'{3}(?:[^\\']|\\.|'(?!''))*+(?:'{3}|\Z)
        |"(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?))
    |(?P<number>\.?\d(?:[eE][+-]|[\w.])*+)
    |(?P<name>[^\W\d]\w*+)
    |(?P<operator>\*\*=|//=|>>=|<<=|\.\.\.|[-+*/%&|^@:=<>!]=|->|\*\*|//|<<|>>|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_KEPT = frozenset(keyword.kwlist) | {name for name in dir(builtins) if not name.startswith("_")}
#: statements that begin with these say nothing about how a problem was solved
_IDLE = frozenset(("import", "from", "print", "pass"))
_DEFINING = frozenset(("def", "class"))


@dataclass(frozen=True)
class Statement:
    """One logical line."""

    #: columns before its first token
    indent: int
    #: its first and last line, from 1
    first: int
    last: int
    #: normalised; the last is the end of the statement
    tokens: tuple[str, ...]
    #: whether a function or a class begins here
    is_definition: bool = False


class _Token(NamedTuple):
    kind: str
    text: str
    line: int
    column: int


def read_statements(source: str) -> list[Statement]:
    """The statements of a source that say something."""
    lines = list(_logical_lines(_scan(source.replace("\r\n", "\n").replace("\r", "\n"))))
    own = _own_names(token for line in lines for token in line)
    return [_normalise(line, own) for line in lines if not _is_idle(line)]


def _scan(source: str) -> Iterator[_Token]:
    line, line_start = 1, 0
    for match in _TOKEN.finditer(source):
        kind, text = str(match.lastgroup), match.group()
        if kind != "skip":
            yield _Token(kind, text, line, match.start() - line_start)
        if breaks := text.count("\n"):
            line += breaks
            line_start = match.start() + text.rindex("\n") + 1


def _logical_lines(tokens: Iterable[_Token]) -> Iterator[list[_Token]]:
    """Tokens up to the end of each statement: a line's end outside of brackets, or a semicolon."""
    current: list[_Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "operator":
            depth = max(0, depth + (token.text in _OPENING) - (token.text in _CLOSING))
        if token.kind == "newline" or (token.text == ";" and not depth):
            if current and not depth:
                yield current
                current = []
            continue
        # A bracket that is never closed must not swallow the rest of the file.
        if depth and current and token.text in _DEFINING and token.line > current[-1].line:
            yield current
            current, depth = [], 0
        current.append(token)
    if current:
        yield current


def _own_names(tokens: Iterable[_Token]) -> frozenset[str]:
    """Names that the file gives to functions, classes and attributes: those it could call otherwise."""
    found: set[str] = set()
    before, name_before = "", ""
    for token in tokens:
        if before in _DEFINING and token.kind == "name":
            found.add(token.text)
        if token.text == "=" and name_before:
            found.add(name_before)
        name_before = token.text if before == "." and token.kind == "name" else ""
        before = token.text
    return frozenset(found)


def _is_idle(line: list[_Token]) -> bool:
    first = line[0]
    return first.text in _IDLE or all(token.kind == "string" for token in line)


def _normalise(line: list[_Token], own: frozenset[str]) -> Statement:
    symbols: list[str] = []
    before = ""
    for token in line:
        symbols.append(_symbol(token, before, own))
        before = token.text
    first, last = line[0], line[-1]
    is_definition = first.text in _DEFINING or (first.text == "async" and len(line) > 1 and line[1].text == "def")
    last_line = last.line + last.text.count("\n")
    return Statement(first.column, first.line, last_line, (*symbols, END), is_definition)


def _symbol(token: _Token, before: str, own: frozenset[str]) -> str:
    if token.kind == "number":
        return NUMBER
    if token.kind == "string":
        return STRING
    if token.kind != "name":
        return token.text
    is_kept = (token.text in _KEPT or before == ".") and token.text not in own
    return token.text if is_kept else NAME
