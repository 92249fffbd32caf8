"""What is handed in becomes named files, or a sentence that says what is wrong with it and what to do."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.submission import Submission, Upload, read_path, read_upload

CODE = b"def f(x):\n    return x\n"


def pack(entries, **options) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return data.getvalue()


def notebook(*cells, **more) -> bytes:
    listed = [cell if isinstance(cell, dict) else {"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"nbformat": 4, "metadata": {}, "cells": listed, **more}).encode()


def test_a_python_file_of_any_name_becomes_the_exercises():
    read = read_upload(Upload("minha solução.py", CODE), "toy")
    assert read.files == {"toy.py": CODE}
    assert read.name == "minha solução.py"


def test_names_are_made_safe_to_show():
    assert read_upload(Upload("..\\a/b\x1b[31m.py", CODE), "toy").name == "b_[31m.py"


def test_a_coding_line_is_respected():
    read_upload(Upload("toy.py", "# coding: latin-1\nx = 'ação'\n".encode("latin-1")), "toy")


BROKEN = [
    (b"", "toy.py", "empty"),
    (b"  \n# nothing\n", "toy.py", "empty"),
    ("x = 1\ny = 'é'".encode("latin-1"), "toy.py", "line 2: byte 0xe9 is not UTF-8"),
    (b"x = 1\n\0", "toy.py", "line 2: found a NUL byte"),
    (b"# coding: klingon\n", "toy.py", "unknown encoding"),
    (b"x" * (2 << 20), "toy.py", "larger than 1 MB"),
    (CODE, "toy.exe", "Hand in a .py file, a notebook"),
    (CODE, "toy", "Hand in a .py file, a notebook"),
    (b"{", "toy.ipynb", "not valid JSON"),
    (b"[1]", "toy.ipynb", "not valid JSON"),
    (b"[" * 100_000, "toy.ipynb", "not valid JSON"),
    (notebook(), "toy.ipynb", "no code cell"),
    (notebook({"cell_type": "markdown", "source": "hi"}), "toy.ipynb", "no code cell"),
    (b"PK\x03\x04 but no more", "toy.zip", "not a zip"),
    (pack([("toy.py", CODE)])[:-30], "toy.zip", "not a zip"),
    (pack([("other/readme.txt", b"hi")]), "toy.zip", "should hold toy.py"),
    (pack([("a.py", CODE), ("b.py", CODE)]), "toy.zip", "Found: a.py, b.py"),
    (pack([("../toy.py", CODE)]), "toy.zip", "leads out of the archive"),
    (pack([("/toy.py", CODE)]), "toy.zip", "leads out of the archive"),
    (pack([("C:/toy.py", CODE)]), "toy.zip", "leads out of the archive"),
    (pack([("a\\toy.py", CODE)]), "toy.zip", "leads out of the archive"),
    (pack([("toy.py", CODE), ("TOY.py", CODE)]), "toy.zip", "there twice"),
    (pack([("/".join("abcdefghijk") + "/toy.py", CODE)]), "toy.zip", "folders deep"),
    (pack([(f"{i}.py", CODE) for i in range(300)]), "toy.zip", "300 entries"),
    (pack([("toy.py", CODE), ("a.txt", b"\0" * (40 << 20))]), "toy.zip", "unpacks to more than 16 MB"),
]


@pytest.mark.parametrize(("content", "name", "message"), BROKEN)
def test_what_cannot_be_read_is_explained_in_both_languages(content, name, message):
    with pytest.raises(SubmissionError) as caught:
        read_upload(Upload(name, content), "toy")
    assert message in caught.value.text["en"]
    assert caught.value.text["pt-BR"] != caught.value.text["en"] or "encoding" in message


def test_a_zip_that_lies_about_its_sizes_is_counted():
    data = bytearray(pack([("toy.py", CODE), ("a.txt", b"\0" * (40 << 20))]))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.rfind(signature)
        data[place + offset : place + offset + 4] = (100).to_bytes(4, "little")
    with pytest.raises(SubmissionError):
        read_upload(Upload("toy.zip", bytes(data)), "toy")


def test_a_zip_of_a_folder_is_stepped_into_and_takes_helpers_along():
    data = pack([("work/toy.py", CODE), ("work/helper.py", CODE), ("work/model.pt", b"x")])
    read = read_upload(Upload("toy.zip", data), "toy")
    assert set(read.files) == {"toy.py", "helper.py"}
    assert read.left_out == ("model.pt",)


STEERING = ["conftest.py", "pytest.ini", "pyproject.toml", "sitecustomize.py", "torch.py", "numpy/__init__.py",
            "random.py", "test_toy.py", ".hidden.py", "a.pth", "setup.cfg", "pytest.py"]  # fmt: skip


@pytest.mark.parametrize("name", STEERING)
def test_files_that_steer_python_or_pytest_are_left_out(name):
    read = read_upload(Upload("toy.zip", pack([("toy.py", CODE), (name, CODE)])), "toy")
    assert set(read.files) == {"toy.py"}
    assert read.left_out == (name,)


def test_links_in_a_zip_are_left_out():
    link = zipfile.ZipInfo("secret.txt")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    read = read_upload(Upload("toy.zip", pack([("toy.py", CODE), (link, b"/etc/passwd")])), "toy")
    assert read.left_out == ("secret.txt",)


def test_a_folder_is_read_without_following_links(tmp_path):
    (tmp_path / "toy.py").write_bytes(CODE)
    (tmp_path / "secret.txt").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe.txt")
    read = read_path(tmp_path, "toy")
    assert set(read.files) == {"toy.py"}
    assert set(read.left_out) == {"secret.txt", "pipe.txt"}


def test_a_link_is_no_submission(tmp_path):
    (tmp_path / "toy.py").symlink_to("/etc/passwd")
    with pytest.raises(SubmissionError, match="not a file or folder"):
        read_path(tmp_path / "toy.py", "toy")


def test_code_cells_come_in_order_and_magics_are_left_out():
    read = read_upload(
        Upload(
            "toy.ipynb",
            notebook("%matplotlib inline\nimport torch", "%%bash\nls", "%%time\nx = 1", "!pip install a\nfiles = !ls",
                     'text = """\n%d!\n"""\ny = (5\n  % 3)', "if x:\n    !ls"),
        ),
        "toy",
    )  # fmt: skip
    namespace: dict = {}
    exec(read.files["toy.py"].replace(b"import torch", b"pass"), namespace)
    assert (namespace["x"], namespace["text"], namespace["y"]) == (1, "\n%d!\n", 2)
    assert read.left_out == (
        "cell 1: %matplotlib inline", "cell 2: %%bash", "cell 3: %%time",
        "cell 4: !pip install a", "cell 4: files = !ls", "cell 6: !ls",
    )  # fmt: skip


def test_cells_are_located_by_their_first_line():
    read = read_upload(Upload("toy.ipynb", notebook("a = 1", {"cell_type": "markdown"}, "b = 2\nc = 3")), "toy")
    lines = read.files["toy.py"].decode().splitlines()
    assert [(lines[first - 1], number) for first, number in read.cells] == [("a = 1", 1), ("b = 2", 3)]


def test_test_cells_of_nbgrader_are_left_out():
    test = {"cell_type": "code", "source": "assert False", "metadata": {"nbgrader": {"grade": True}}}
    read = read_upload(Upload("toy.ipynb", notebook("a = 1", test)), "toy")
    assert b"assert" not in read.files["toy.py"]
    assert read.left_out == ("cell 2: tests",)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a.py", "a.zip", "a.ipynb"]))
def test_any_bytes_are_a_submission_or_a_submission_error(content, name):
    try:
        assert isinstance(read_upload(Upload(name, content), "toy"), Submission)
    except SubmissionError as error:
        assert error.text["pt-BR"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.binary(min_size=1, max_size=8))
def test_any_damage_to_a_zip_is_survived(place, noise):
    data = bytearray(pack([("toy.py", CODE), ("b/c.txt", b"text")]))
    data[place : place + len(noise)] = noise
    try:
        read_upload(Upload("toy.zip", bytes(data)), "toy")
    except SubmissionError as error:
        assert error.text["pt-BR"]
