"""Whatever is handed in becomes plain files, or a reason that says what to do."""

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.submission import Upload, read_path, read_upload

CODE = b"def sigmoid(x):\n    return 1 / (1 + (-x).exp())\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def write(folder, **files):
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def refusal(source, slug="sigmoid"):
    with pytest.raises(SubmissionError) as caught:
        read_upload(source, slug) if isinstance(source, Upload) else read_path(source, slug)
    assert caught.value.text["en"] != caught.value.text["pt-BR"]
    return caught.value.text["en"]


@pytest.mark.parametrize(
    "name", ["sigmoid.py", "my solution (2).py", "C:\\Users\\ana\\Sigmoid.PY", "../../x.py", "-rf.py"]
)
def test_a_file_gets_the_name_of_the_exercise(name):
    assert read_upload(Upload(name, CODE), "sigmoid").files == {"sigmoid.py": CODE}


def test_a_very_long_name_is_cut():
    assert read_upload(Upload("x" * 300 + ".py", CODE), "sigmoid").name == "x" * 200 + "…"


def test_the_shown_name_is_safe_to_print():
    shown = read_upload(Upload("evil\x1b[31m\u202egnp\n.py", CODE), "sigmoid").name
    assert shown == "evil[31mgnp.py"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + CODE,
        "# olá\nx = 'ação'\n".encode(),
        "# -*- coding: latin-1 -*-\nx = 'ação'\n".encode("latin-1"),
        "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = 'ação'\n".encode("cp1252"),
        b"x = 1",
        b"def f(:\n",
    ],
)
def test_takes_the_encodings_that_editors_write(content):
    assert read_upload(Upload("a.py", content), "sigmoid").files["sigmoid.py"] == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("x = 1\ny = 'ação'\n".encode("latin-1"), "Found: byte 0xe7 on line 2, which is not utf-8. Expected: UTF-8."),
        (CODE.decode().encode("utf-16"), "Found: UTF-16. Expected: UTF-8."),
        (b"# coding: klingon\nx = 1\n", "Found: encoding 'klingon' in its first lines"),
        (b"# coding: punycode\nx = 1\n", "Found: encoding 'punycode' in its first lines"),
        (b"# coding: rot13\nk = 1\n", "Found: encoding 'rot13' in its first lines"),
        (b"x = 1\ny = '\0'\n", "line 2 holds a NUL byte"),
        (b"", "holds no code, only blank lines or comments"),
        (b" \n\t\n# nothing yet\n", "holds no code, only blank lines or comments"),
        (b"#" * (1 << 20) + b"\n", "a.py is too big: more than 1 MB"),
    ],
)
def test_says_what_is_wrong_with_a_file(content, reason):
    assert reason in refusal(Upload("a.py", content))


@pytest.mark.parametrize("content", [b"(" * 200_000, b"-" * 900_000 + b"1", b"x" + b".x" * 400_000, b"if 1:\n" * 100])
def test_source_made_to_break_a_parser_is_not_parsed_here(content):
    assert read_upload(Upload("a.py", content), "sigmoid").files == {"sigmoid.py": content}


@pytest.mark.parametrize("name", ["work.docx", "work", "", "work.tar.gz", "work.pyc", "\x1b"])
def test_refuses_other_kinds_of_files(name):
    assert "Expected: a .py file, a notebook (.ipynb) or a .zip." in refusal(Upload(name, CODE))


def test_reads_a_file_a_notebook_and_a_folder(folder):
    write(folder, sigmoid_dot_py=CODE)
    assert read_path(folder, "sigmoid") == read_path(folder.parent / "work", "sigmoid")
    assert (
        read_path(folder / "sigmoid.py", "sigmoid").files == read_path(folder, "sigmoid").files == {"sigmoid.py": CODE}
    )
    assert (read_path(folder, "sigmoid").name, read_path(folder / "sigmoid.py", "sigmoid").name) == (
        "work",
        "sigmoid.py",
    )


def test_a_folder_may_have_one_file_of_any_name(folder):
    write(folder, answer_dot_py=CODE, test_sigmoid_dot_py=b"x", conftest_dot_py=b"x")
    assert list(read_path(folder, "sigmoid").files) == ["sigmoid.py"]


def test_a_folder_may_hold_a_notebook(folder):
    write(folder, any_dot_ipynb=b'{"cells": [{"cell_type": "code", "source": "x = 1\\n%time x"}]}')
    found = read_path(folder, "sigmoid")
    assert b"x = 1" in found.files["sigmoid.py"]
    assert found.left_out == ("cell 1: %time x",)


def test_refuses_a_folder_with_two_candidates(folder):
    write(folder, a_dot_py=CODE, b_dot_ipynb=b"{}")
    assert "There is no sigmoid.py in the submission. Found at its top: a.py, b.ipynb." in refusal(folder)


def test_what_steers_python_or_shadows_a_module_is_left_out(folder):
    left_out = (
        "conftest.py pytest.ini pyproject.toml tox.ini setup.cfg setup.py sitecustomize.py usercustomize.py x.pth "
        "test_x.py torch.py numpy.py pytest.py random.py grader.py Torch.py numpy/core.py weights.pt .hidden.py "
        "lib/conftest.py lib.so run.sh"
    ).split()
    for name in left_out:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"x")
    write(
        folder, sigmoid_dot_py=CODE, lib__random_dot_py=CODE, notes_dot_md=b"n", test_dot_csv=b"1", helper_dot_py=CODE
    )
    found = read_path(folder, "sigmoid")
    expected = sorted(name for name in left_out if name != "Torch.py")
    assert sorted(found.files) == ["Torch.py", "helper.py", "lib/random.py", "notes.md", "sigmoid.py", "test.csv"]
    assert sorted(found.left_out) == expected


def test_hidden_folders_are_not_entered(folder):
    write(folder, sigmoid_dot_py=CODE, _dot_git__config_dot_py=b"x", __pycache____x_dot_py=b"x")
    found = read_path(folder, "sigmoid")
    assert (list(found.files), found.left_out) == (["sigmoid.py"], (".git",))


def test_links_are_never_followed(folder, tmp_path):
    (tmp_path / "secret.py").write_bytes(CODE)
    (tmp_path / "secrets").mkdir()
    write(folder, sigmoid_dot_py=CODE)
    (folder / "a.py").symlink_to(tmp_path / "secret.py")
    (folder / "b").symlink_to(tmp_path / "secrets")
    found = read_path(folder, "sigmoid")
    assert (list(found.files), found.left_out) == (["sigmoid.py"], ("a.py", "b"))


def test_a_link_is_no_submission(folder, tmp_path):
    (tmp_path / "secret.py").write_bytes(CODE)
    (folder / "sigmoid.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "other").symlink_to(folder)
    assert "is a symbolic link. Expected: a plain file." in refusal(folder / "sigmoid.py")
    assert "is a symbolic link. Expected: a plain file." in refusal(tmp_path / "other")
    assert "There is no sigmoid.py in the submission" in refusal(folder)


def test_a_folder_that_becomes_a_link_meanwhile_is_refused(folder, tmp_path, monkeypatch):
    write(folder, sigmoid_dot_py=CODE, lib__a_dot_py=b"A = 1\n")
    (tmp_path / "a.py").write_bytes(b"SECRET = 1\n")
    from grader import submission

    choose = submission.choose

    def swap(*arguments):
        (folder / "lib" / "a.py").unlink()
        (folder / "lib").rmdir()
        (folder / "lib").symlink_to(tmp_path)
        return choose(*arguments)

    monkeypatch.setattr(submission, "choose", swap)
    assert "lib is a symbolic link" in refusal(folder)


def test_pipes_and_devices_are_never_opened(folder):
    os.mkfifo(folder / "sigmoid.py")
    os.mkfifo(folder / "data.txt")
    assert "is a device or pipe. Expected: a plain file." in refusal(folder / "sigmoid.py")
    (folder / "sigmoid.py").unlink()
    write(folder, sigmoid_dot_py=CODE)
    assert read_path(folder, "sigmoid").left_out == ("data.txt",)


def test_says_that_a_file_is_missing(folder):
    assert "cannot be read (No such file or directory). Check the name" in refusal(folder / "nothing.py")


def test_names_that_are_not_text_are_left_out(folder):
    write(folder, sigmoid_dot_py=CODE)
    for name in (b"caf\xe9.py", b"new\nline.py", b"\x1b[2J.py"):
        (folder / os.fsdecode(name)).write_bytes(CODE)
    found = read_path(folder, "sigmoid")
    assert list(found.files) == ["sigmoid.py"]
    assert found.left_out == ("[2J.py", "caf.py", "newline.py")


def test_folders_that_are_too_deep_or_too_full(folder, monkeypatch):
    write(folder, sigmoid_dot_py=CODE)
    deep = folder.joinpath(*"abcdefgh")
    deep.mkdir(parents=True)
    (deep / "x.py").write_bytes(CODE)
    assert read_path(folder, "sigmoid").left_out == ("a/b/c/d/e/f/g/h",)
    monkeypatch.setattr("grader.submission.ENTRIES", 3)
    assert "holds more than 3 files" in refusal(folder)


def test_a_long_list_of_files_is_cut(folder):
    write(folder, sigmoid_dot_py=CODE)
    for number in range(60):
        (folder / f"{number:02}.png").write_bytes(b"")
    assert read_path(folder, "sigmoid").left_out[-2:] == ("49.png", "… (+10)")


def test_a_broken_helper_is_named(folder):
    write(folder, sigmoid_dot_py=CODE, lib__a_dot_py=b"x = '\xe7'\n")
    assert refusal(folder).startswith("lib/a.py is not encoded as it should be. Found: byte 0xe7 on line 1")


@settings(max_examples=100, deadline=None)
@example("0\xa0", b"\x01")
@given(st.text(max_size=20), st.binary(max_size=60))
def test_any_upload_is_read_or_refused(name, content):
    for suffix in ("", ".py", ".ipynb", ".zip"):
        try:
            found = read_upload(Upload(name + suffix, content), "sigmoid")
        except SubmissionError:
            continue
        assert found.files["sigmoid.py"]
        assert found.name.isprintable()
