"""A zip archive is read without being unpacked, and refused with a reason where it could harm."""

import io
import random
import re
import stat
import struct
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader import bundle
from grader.errors import SubmissionError
from grader.submission import Submission, Upload, read_upload

CODE = b"def sigmoid(x):\n    return 1 / (1 + (-x).exp())\n"


def pack(files, method=zipfile.ZIP_DEFLATED, **modes):
    """A zip of name -> content; ``modes`` are unix modes by name."""
    packed = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(packed, "w", method) as archive:
        warnings.simplefilter("ignore")  # zipfile itself warns of equal names
        for name, content in files.items() if isinstance(files, dict) else files:
            entry = zipfile.ZipInfo(name)
            entry.compress_type = method
            entry.external_attr = modes.get(name.replace(".", "_"), 0) << 16
            archive.writestr(entry, content)
    return packed.getvalue()


def read(content):
    return read_upload(Upload("work.zip", content), "sigmoid")


def refusal(content):
    with pytest.raises(SubmissionError) as caught:
        read(content)
    text = caught.value.text
    assert text["en"] != text["pt-BR"]
    return text["en"]


def test_takes_the_files_that_may_come_along():
    found = read(pack({"sigmoid.py": CODE, "helpers.py": b"A = 1\n", "data/table.csv": b"1,2\n", "weights.pt": b"\0"}))
    assert found == Submission(
        "work.zip",
        {"sigmoid.py": CODE, "data/table.csv": b"1,2\n", "helpers.py": b"A = 1\n"},
        ("weights.pt",),
    )


def test_steps_into_a_single_folder():
    files = {"hw/sigmoid.py": CODE, "hw/lib/a.py": b"A = 1\n", "__MACOSX/hw/._sigmoid.py": b"\0", "conftest.py": b""}
    found = read(pack(files))
    assert sorted(found.files) == ["lib/a.py", "sigmoid.py"]
    assert found.left_out == ("conftest.py",)


def test_names_of_one_folder_do_not_hide_what_is_in_it():
    assert list(read(pack({"random/sigmoid.py": CODE})).files) == ["sigmoid.py"]


def test_a_nested_archive_is_left_out():
    found = read(pack({"sigmoid.py": CODE, "more.zip": pack({"evil.py": CODE})}))
    assert (list(found.files), found.left_out) == (["sigmoid.py"], ("more.zip",))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_left_out(kind):
    found = read(pack({"sigmoid.py": CODE, "a.txt": b"/etc/passwd"}, a_txt=kind | 0o777))
    assert (list(found.files), found.left_out) == (["sigmoid.py"], ("a.txt",))


def test_a_link_is_no_main_file():
    assert "There is no sigmoid.py" in refusal(pack({"sigmoid.py": b"/etc/passwd"}, sigmoid_py=stat.S_IFLNK | 0o777))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../sigmoid.py", "leads out of the archive"),
        ("a/../../sigmoid.py", "leads out of the archive"),
        ("/etc/cron.d/sigmoid.py", "absolute path"),
        ("C:/sigmoid.py", "absolute path"),
        ("hw\\sigmoid.py", "backslash"),
        ("sig\nmoid.py", "control character"),
        ("sig\x1b[2Jmoid.py", "control character"),
        ("hw//sigmoid.py", "empty part"),
        (f"{'é' * 120}/sigmoid.py", "too long a name"),
        (f"{'folder/' * 100}sigmoid.py", "too long a name"),
        ("./sigmoid.py", "empty part"),
    ],
)
def test_refuses_names_that_mean_another_place(name, reason):
    assert reason in refusal(pack({name: CODE}))


def test_refuses_a_name_that_ends_early():
    packed = pack({"sigmoid.py#.txt": CODE}).replace(b"sigmoid.py#", b"sigmoid.py\0")
    assert "control character" in refusal(packed)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["sigmoid.py", "sigmoid.py"], "is in it twice"),
        (["sigmoid.py", "Sigmoid.py"], "same name as sigmoid.py"),
        (["sigmoid.py", "caf\u00e9.py", "cafe\u0301.py"], "same name"),
        (["sigmoid.py", "stra\u00dfe.py", "STRASSE.py"], "same name"),
        (["sigmoid.py", "a.py", "a.py/b.py"], "also a file"),
    ],
)
def test_refuses_names_that_clash(names, reason):
    assert reason in refusal(pack([(name, CODE) for name in names]))


def test_refuses_a_file_that_unpacks_to_too_much():
    assert "sigmoid.py is too big: more than 1 MB" in refusal(pack({"sigmoid.py": b"#" * 50_000_000}))


def test_refuses_files_that_are_too_big_together():
    files = {f"part{number}.txt": b"1" * 4_000_000 for number in range(5)}
    assert "The submission is too big: more than 16 MB" in refusal(pack(files | {"sigmoid.py": CODE}))


def test_a_false_size_does_not_help():
    packed = pack({"sigmoid.py": CODE + b"#" * 5_000_000})
    packed = packed.replace(struct.pack("<L", len(CODE) + 5_000_000), struct.pack("<L", len(CODE)))
    assert "damaged" in refusal(packed)


def test_refuses_entries_that_share_their_bytes():
    packed = pack({"sigmoid.py": CODE, "helpers.txt": b"1" * 1000})
    second = packed.index(b"PK\x03\x04", 1)
    offset = packed.rindex(struct.pack("<L", second))  # where the list at the end says that the second file begins
    assert "shares its bytes" in refusal(packed[:offset] + struct.pack("<L", 0) + packed[offset + 4 :])


def test_refuses_an_archive_of_very_many_files(monkeypatch):
    monkeypatch.setattr("grader.archive.ENTRIES", 20)
    assert "more than 20 files" in refusal(pack({f"{number}.bin": b"" for number in range(21)}))


def test_refuses_more_files_than_a_submission_may_have():
    files = {f"part{number}.txt": b"1" for number in range(bundle.FILES)}
    assert "holds 201 files, and at most 200 are taken" in refusal(pack(files | {"sigmoid.py": CODE}))


def test_refuses_a_locked_file():
    packed = bytearray(pack({"sigmoid.py": CODE}))
    packed[packed.index(b"PK\x03\x04") + 6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    assert "'sigmoid.py' is locked with a password" in refusal(bytes(packed))


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_refuses_unusual_methods(method):
    assert "packed by an unusual method" in refusal(pack({"sigmoid.py": CODE}, method))


def test_refuses_damaged_content():
    packed = pack({"sigmoid.py": CODE}, zipfile.ZIP_STORED).replace(b"return", b"retorn")
    assert re.search(r"'sigmoid.py' is damaged \(Bad CRC-32", refusal(packed))


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip", pack({"sigmoid.py": CODE})[:-30], CODE * 100])
def test_refuses_what_is_no_archive(content):
    assert "not a zip archive, or only a part of one" in refusal(content)


def test_refuses_an_upload_that_is_too_big():
    assert "The submission is too big: more than 16 MB" in refusal(b"PK" * (9 << 20))


def test_an_empty_archive_has_no_main_file():
    assert "Found at its top: no file. Expected: sigmoid.py" in refusal(pack({}))


WHOLE = pack({"hw/sigmoid.py": CODE, "hw/data.csv": b"1,2\n" * 50, "hw/x.pt": b"\0\1"})


def is_answered(content):
    try:
        found = read(content)
    except SubmissionError:
        return True
    return "sigmoid.py" in found.files and all(len(part) <= bundle.TOTAL_BYTES for part in found.files.values())


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 8))
def test_any_change_of_an_archive_is_read_or_refused(chance: random.Random, changes):
    content = bytearray(WHOLE)
    for _ in range(changes):
        content[chance.randrange(len(content))] = chance.choice([0, 1, 0x2E, 0x2F, 0x7F, 0xFF, chance.randrange(256)])
    assert is_answered(bytes(content))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(WHOLE)))
def test_any_bytes_are_read_or_refused(content, end):
    assert is_answered(content)
    assert is_answered(WHOLE[:end] + content + WHOLE[end:])


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text("aA./\\:\0\n\u0301éß", min_size=1, max_size=8), st.binary(max_size=20), max_size=5))
def test_any_names_are_read_or_refused(files):
    try:
        content = pack(files)
    except (UnicodeEncodeError, ValueError):  # such a name is never in an archive
        return
    assert is_answered(content)
