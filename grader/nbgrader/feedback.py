"""What students get to see of hidden tests in their feedback: titles, verdicts and points, and not the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
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
