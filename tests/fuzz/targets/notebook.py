"""The notebook reader, through the same function as the portal's uploads."""

from __future__ import annotations

import json

from grader import bundle
from grader.errors import SubmissionError
from grader.submission import Upload, read_upload

KIND = "text"
ALLOWED = (SubmissionError,)
MEMORY = 4 * bundle.TOTAL_BYTES


def _notebook(*sources: str | list[str]) -> bytes:
    cells = [{"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


SEEDS = [
    _notebook("import torch\n%matplotlib inline\n", ["def f(x):\n", "    return x\n"], "%%time\nf(1)"),
    _notebook("x = '''\n% no command\n'''\ny = (1\n  % 2)\n!ls \\\n  -l\nf?"),
    b'{"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1"], "language": "python"}]}]}',
    b'{"cells": [{"cell_type": "code", "source": "x = 1", "outputs": [NaN, -Infinity, "NaN"]}]}',
    b'{"cells": [{"cell_type": "code", "source": "x", "metadata": {"nbgrader": {"grade": true, "locked": true}}}]}',
    b'\xef\xbb\xbf{"cells": [{"cell_type": "code", "source": "\\ud800 \\u0000"}], "NaN": ' + b"[" * 200,
]


def run(data: bytes) -> None:
    found = read_upload(Upload("work.ipynb", data), "sigmoid")
    lines = found.files["sigmoid.py"].decode().split("\n")
    assert all(0 < first <= len(lines) for first, _ in found.cells)
