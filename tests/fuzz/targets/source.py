"""A plain .py as it is handed in: its encoding, its cookie, whether there is code in it."""

from __future__ import annotations

from grader import bundle
from grader.errors import SubmissionError
from grader.submission import Upload, read_upload

KIND = "text"
ALLOWED = (SubmissionError,)
MEMORY = 8 * bundle.SOURCE_BYTES

SEEDS = [
    b"def sigmoid(x):\n    return x\n",
    b"# -*- coding: latin-1 -*-\nx = '\xe7'\n",
    b"\xef\xbb\xbf# coding: utf-8\nx = 1\n",
    b"#!/usr/bin/python\n# vim: set fileencoding=gbk :\nx = 1\n",
    b"# coding=punycode\r\nx = 1\r\n",
    b"\xff\xfex\0",
    b"# only a comment\n\n",
]


def run(data: bytes) -> None:
    assert read_upload(Upload("work.py", data), "sigmoid").files == {"sigmoid.py": data}
