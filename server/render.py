"""Turns statements and code into safe HTML: Markdown, maths as MathML, code with highlighting by classes.

Two belts: the Markdown parser lets no HTML through, and the result is cleaned against a list of what may occur.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, pairwise
from typing import Any

import nh3
from latex2mathml.converter import convert
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

# fmt: off
_TEXT_TAGS = {
    "a", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
}
_MATHS_TAGS = {
    "math", "menclose", "merror", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mroot",
    "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr", "munder",
    "munderover",
}
_MATHS_ATTRIBUTES = {
    "accent", "accentunder", "columnalign", "columnspacing", "display", "displaystyle", "fence", "form",
    "linethickness", "lspace", "mathvariant", "maxsize", "minsize", "movablelimits", "notation", "rowspacing", "rspace",
    "scriptlevel", "separator", "stretchy", "width",
}
# fmt: on
_ATTRIBUTES = dict.fromkeys(_MATHS_TAGS, _MATHS_ATTRIBUTES) | {
    "a": {"href", "title"},
    "ol": {"start"},
    **{tag: {"id"} for tag in ("h2", "h3", "h4")},
    **{tag: {"class"} for tag in ("code", "div", "pre", "span", "td", "th")},
}

#: longer runs of spaces and empty lines are not highlighted: the time that Pygments takes grows with their square
MAX_BLANK = 500

_HINTS = re.compile(r"^## +(Hints|Dicas)\s*$", re.MULTILINE)
_NEXT_SECTION = re.compile(r"^## ", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """A rendered statement; the hints apart, because not everybody wants to see them at once."""

    body: str
    hints: str


@lru_cache(maxsize=256)
def statement(markdown: str) -> Statement:
    """Render a statement. The section ``## Hints`` (or ``## Dicas``) is taken out of the body."""
    found = _HINTS.search(markdown)
    if not found:
        return Statement(text(markdown, anchors=True), "")
    rest = markdown[found.end() :]
    following = _NEXT_SECTION.search(rest)
    end = following.start() if following else len(rest)
    return Statement(text(markdown[: found.start()] + rest[end:], anchors=True), text(rest[:end]))


def text(markdown: str, anchors: bool = False) -> str:
    """Render Markdown as clean HTML; with ``anchors``, each heading below the first can be linked to."""
    return nh3.clean(
        str(_parser().render(markdown, {"anchors": anchors})),
        tags=_TEXT_TAGS | _MATHS_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )


def code(source: str, language: str = "python") -> str:
    """Highlight source code; the result is escaped and goes into ``<pre><code>``."""
    try:
        lexer = get_lexer_by_name("text" if _is_slow(source) else language, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    return str(highlight(source, lexer, HtmlFormatter(nowrap=True)))


def _is_slow(source: str) -> bool:
    return max((len(blank) for blank in re.findall(r"\s+", source)), default=0) > MAX_BLANK


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "highlight": _highlight}).enable("table")
    parser.use(dollarmath_plugin, renderer=_maths, allow_labels=False, double_inline=True)
    parser.core.ruler.push("align_by_class", _align_by_class)
    parser.core.ruler.push("anchor", _anchor)
    return parser


def _highlight(source: str, language: str, attributes: str) -> str:
    return code(source, language) if language else html.escape(source)


def _maths(source: str, options: dict[str, Any]) -> str:
    display = "block" if options.get("display_mode") else "inline"
    try:
        return str(convert(source, display=display))
    except Exception:
        # The converter raises many kinds of errors on wrong LaTeX; its source is still readable.
        return f'<code class="maths-error">{html.escape(source)}</code>'


def _align_by_class(state: StateCore) -> None:
    """Tables come with ``style="text-align:..."``, which the pages' policy forbids; a class says the same."""
    for token in _cells(state.tokens):
        style = str(token.attrs.pop("style", ""))
        if style.startswith("text-align:"):
            token.attrs["class"] = "align-" + style.removeprefix("text-align:")


def _anchor(state: StateCore) -> None:
    """Name the headings by their words; the prefix keeps them apart from the page's own names."""
    taken: set[str] = set()
    for heading, inline in pairwise(state.tokens if state.env.get("anchors") else []):
        if heading.type == "heading_open" and heading.tag in ("h2", "h3", "h4"):
            words = "-".join(re.findall(r"\w+", inline.content.casefold()))
            name = next(each for n in count(1) if (each := f"part-{words}" + (f"-{n}" if n > 1 else "")) not in taken)
            taken.add(name)
            heading.attrs["id"] = name


def _cells(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.type in ("th_open", "td_open")]
