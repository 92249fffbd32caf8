"""What nbgrader's pages show of a notebook: nothing that is active, and of hidden tests titles, verdicts and points."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import nbformat
import nh3
from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter
from nbconvert.preprocessors import Preprocessor
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests
from traitlets import Bool, Enum

from grader.nbgrader.autograde.rest import MARK
from grader.nbgrader.autograde.shown import OURS
from grader.report import LANGUAGES, Text

_TESTS: Text = {"en": "# Hidden tests", "pt-BR": "# Testes ocultos"}
_OUTPUT: Text = {
    "en": "What this cell wrote is not shown: it may quote hidden tests.",
    "pt-BR": "O que esta célula escreveu não aparece: pode citar testes ocultos.",
}


class HideTests(Preprocessor):
    """For ``GenerateFeedback.preprocessors``. The graded notebooks, which the formgrader shows, stay as they are."""

    enabled = Bool(True, help="Whether hidden tests are hidden.").tag(config=True)
    language = Enum(LANGUAGES, LANGUAGES[0], help="Of what stands in the tests' place.").tag(config=True)

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Take out what is between the markers of hidden tests, and outputs that can quote it."""
        begin, end = self._marker("begin_test_delimeter"), self._marker("end_test_delimeter")
        tests = [cell for cell in nb.cells if cell.cell_type == "code" and utils.is_locked(cell)]
        hiding = [cell for cell in tests if begin in cell.source]
        for cell in tests:
            # In a kernel an answer sees every test, and can write it below any cell.
            if cell in hiding or (hiding and cell.metadata.get(MARK)):
                cell.outputs = list(self._shown(cell.outputs))
        for cell in hiding:
            cell.source = "\n".join(self._rest_of(cell.source, begin, end))
        return nb, resources

    def _marker(self, name: str) -> str:
        """What the course calls the beginning or the end."""
        return str(self.config.ClearHiddenTests.get(name, getattr(ClearHiddenTests, name).default_value))

    def _rest_of(self, source: str, begin: str, end: str) -> Iterator[str]:
        """The lines that are for everybody."""
        is_hidden = False
        for line in source.split("\n"):
            if begin in line:
                is_hidden = True
                yield _TESTS[self.language]
            elif end in line:
                is_hidden = False
            elif not is_hidden:
                yield line

    def _shown(self, outputs: list[Any]) -> Iterator[Any]:
        ours = [each for each in outputs if each.get("metadata", {}).get(OURS)]
        if len(ours) < len(outputs):
            yield nbformat.v4.new_output("stream", text=_OUTPUT[self.language])
        yield from ours


#: what may stand in a page of what a student wrote, beyond what nh3 takes for harmless
_ATTRIBUTES = {"*": {"align", "class", "dir", "id", "lang", "style", "title"}}
_STYLES = {"background-color", "color", "font-style", "font-weight", "text-align", "white-space"}
_PICTURE = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml)[;,]")
#: outputs that the page's templates write as they are, or as pictures; others have no place in a page
_TEXTS = ("text/plain", "text/latex", "text/markdown")
_PICTURES = ("image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def clean(html: str) -> str:
    """Take out what is active: scripts, handlers, frames, forms, addresses that run. Pictures by ``data:`` stay."""
    return nh3.clean(
        html,
        attributes={**nh3.ALLOWED_ATTRIBUTES, **_ATTRIBUTES},
        attribute_filter=_without_data,
        url_schemes={"http", "https", "mailto", "data"},
        filter_style_properties=_STYLES,
    )


def _without_data(element: str, attribute: str, value: str) -> str | None:
    """An attribute's value; None: it goes."""
    if not value.strip().lower().startswith("data:"):
        return value
    return value if (element, attribute) == ("img", "src") and _PICTURE.match(value.lower()) else None


@pass_context
def markdown(context: Any, source: str) -> str:
    """For ``HTMLExporter.filters``, in the place of ``markdown2html``."""
    return clean(_exporter().markdown2html(context, source))


@cache
def _exporter() -> Any:
    kind: Any = HTMLExporter
    return kind()


class Inert(Preprocessor):
    """For ``HTMLExporter.preprocessors``, which the feedback and the formgrader share.

    Markdown is cleaned when it has become HTML, by ``markdown``; maths would not survive it before.
    """

    def preprocess(self, nb: Any, resources: Any) -> tuple[Any, Any]:
        """Clean the cells that templates write as they are, and outputs."""
        nb.metadata.pop("widgets", None)
        for cell in nb.cells:
            cell.metadata.pop("tags", None)
            if cell.cell_type == "raw":
                cell.source = clean(cell.source)
            if cell.cell_type == "code":
                cell.outputs = [_inert(each) for each in cell.outputs]
        return nb, resources


def _inert(output: Any) -> Any:
    if "data" not in output:
        return output
    data = {name: output.data[name] for name in _TEXTS if name in output.data}
    for name in _PICTURES:
        if isinstance(output.data.get(name), str) and _BASE64.fullmatch(output.data[name]):
            data[name] = output.data[name]
    if "text/html" in output.data:
        data["text/html"] = clean(output.data["text/html"])
    # Widths and heights are written as they are, too.
    marks = {OURS: True} if output.get("metadata", {}).get(OURS) else {}
    return nbformat.from_dict({**output, "data": data, "metadata": marks})
