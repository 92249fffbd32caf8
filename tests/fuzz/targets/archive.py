"""The zip reader, through the same function as the portal's uploads."""

from __future__ import annotations

import io
import zipfile

from grader import bundle
from grader.errors import SubmissionError
from grader.submission import Upload, read_upload

KIND = "bytes"
ALLOWED = (SubmissionError,)
MEMORY = 4 * bundle.TOTAL_BYTES

CODE = b"def sigmoid(x):\n    return 1 / (1 + (-x).exp())\n"


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, comment: bytes = b"") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.comment = comment
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


SEEDS = [
    pack({"sigmoid.py": CODE}),
    pack({"hw/sigmoid.py": CODE, "hw/data.csv": b"1,2\n" * 50, "hw/x.pt": b"\0\1", "__MACOSX/._a": b""}),
    pack({"sigmoid.py": CODE, "helpers.py": b"A = 1\n"}, zipfile.ZIP_STORED, b"a comment"),
    pack({"sigmoid.ipynb": b'{"cells": [{"cell_type": "code", "source": "x = 1"}]}'}),
    pack({"sigmoid.py": b"#" * 2_000_000}),
    pack({}),
]


def run(data: bytes) -> None:
    found = read_upload(Upload("work.zip", data), "sigmoid")
    assert "sigmoid.py" in found.files
    assert sum(map(len, found.files.values())) <= bundle.TOTAL_BYTES
    assert not any(".." in name.split("/") or name.startswith("/") for name in found.files)
