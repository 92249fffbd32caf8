"""Data sets: every layout that is accepted, every damage that is not, and pages that processes share."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grader.training.cifar import parse_pickled
from grader.training.idx import parse_idx
from grader.training.known import CIFAR10, DIGITS, FASHION_MNIST, MNIST, DataFile
from grader.training.missing import DamagedData, MissingData
from grader.training.presence import is_present
from grader.training.sets import CACHE, list_sets, load_set, open_set

MD5 = "md5"


def md5(data):
    return hashlib.new(MD5, data, usedforsecurity=False).hexdigest()


def idx(array):
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


@pytest.fixture
def arrays():
    numbers = np.random.default_rng(0)
    images = numbers.integers(0, 256, (14, 28, 28), np.uint8)
    return images, numbers.integers(0, 10, 14, np.uint8)


@pytest.fixture
def contents(arrays):
    """The four files, by the names that they are published under."""
    images, labels = arrays
    parts = (images[:12], labels[:12], images[12:], labels[12:])
    return {file.name: gzip.compress(idx(part), mtime=0) for file, part in zip(MNIST.files, parts, strict=True)}


@pytest.fixture
def small(contents):
    """MNIST with few images and checksums of its own."""
    files = tuple(
        DataFile(file.name, md5(contents[file.name]), md5(gzip.decompress(contents[file.name]))) for file in MNIST.files
    )
    return replace(MNIST, count=14, train=12, files=files)


def lay_out(folder, contents, unpacked=False):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        path = folder / (name.removesuffix(".gz") if unpacked else name)
        path.write_bytes(gzip.decompress(content) if unpacked else content)


@pytest.mark.parametrize("below", ["MNIST/raw", "mnist", "."])
@pytest.mark.parametrize("unpacked", [False, True], ids=["packed", "unpacked"])
def test_mnist_is_read_in_every_layout(small, contents, arrays, tmp_path, below, unpacked):
    lay_out(tmp_path / below, contents, unpacked)
    found = open_set(small, tmp_path)
    assert (found.images[:, 0].numpy() == arrays[0]).all()
    assert (found.labels.numpy() == arrays[1]).all()
    assert (found.images.shape, str(found.images.dtype)) == ((14, 1, 28, 28), "torch.uint8")
    assert str(found.labels.dtype) == "torch.int64"


def test_a_file_packed_anew_is_the_same_file(small, contents, tmp_path):
    lay_out(tmp_path, {name: gzip.compress(gzip.decompress(data), 1, mtime=9) for name, data in contents.items()})
    assert len(open_set(small, tmp_path)) == 14


def test_sets_are_mapped_from_a_file_that_processes_share(small, contents, tmp_path):
    lay_out(tmp_path, contents)
    found = open_set(small, tmp_path)
    lines = [line for line in Path("/proc/self/maps").read_text().splitlines() if CACHE in line]
    assert [line.split()[1] for line in lines if str(tmp_path) in line] == ["r--s", "r--s"]
    assert len(found) == 14


def test_the_cache_serves_when_the_files_are_gone(small, contents, arrays, tmp_path):
    lay_out(tmp_path, contents)
    open_set(small, tmp_path)
    open_set.cache_clear()
    for name in contents:
        (tmp_path / name).unlink()
    assert (open_set(small, tmp_path).labels.numpy() == arrays[1]).all()


def test_a_cache_that_was_cut_off_is_made_anew(small, contents, arrays, tmp_path):
    lay_out(tmp_path, contents)
    open_set(small, tmp_path)
    open_set.cache_clear()
    cached = next((tmp_path / CACHE).glob("*/images.npy"))
    cached.write_bytes(cached.read_bytes()[:200])
    assert (open_set(small, tmp_path).images[:, 0].numpy() == arrays[0]).all()


def test_a_folder_that_cannot_be_written_is_read_all_the_same(small, contents, arrays, tmp_path):
    lay_out(tmp_path, contents)
    (tmp_path / CACHE).write_text("in the way")
    assert (open_set(small, tmp_path).labels.numpy() == arrays[1]).all()


@pytest.mark.parametrize("unpacked", [False, True], ids=["packed", "unpacked"])
def test_a_file_with_another_checksum_is_refused_by_name(small, contents, tmp_path, unpacked):
    name = "t10k-labels-idx1-ubyte.gz"
    other = gzip.compress(idx(np.zeros(2, np.uint8)))
    lay_out(tmp_path, {**contents, name: other}, unpacked)
    with pytest.raises(DamagedData, match="t10k-labels-idx1-ubyte") as caught:
        open_set(small, tmp_path)
    assert "gradiente data fetch mnist" in caught.value.text["pt-BR"]


def test_a_file_that_was_cut_off_is_refused(small, contents, tmp_path):
    lay_out(tmp_path, {name: data[:-9] for name, data in contents.items()})
    with pytest.raises(DamagedData):
        open_set(small, tmp_path)


def test_files_of_another_set_with_the_same_names_are_passed_over(small, contents, arrays, tmp_path):
    lay_out(tmp_path / "mnist", {name: gzip.compress(b"fashion") for name in contents})
    lay_out(tmp_path, contents)
    assert (open_set(small, tmp_path).labels.numpy() == arrays[1]).all()


def test_an_unpacked_file_whose_checksum_nobody_published_is_refused_with_the_reason(contents, tmp_path):
    lay_out(tmp_path / "FashionMNIST" / "raw", contents, unpacked=True)
    with pytest.raises(DamagedData, match=r"keep the \.gz beside it"):
        open_set(FASHION_MNIST, tmp_path)


@pytest.mark.parametrize("known", [MNIST, FASHION_MNIST, CIFAR10], ids=lambda known: known.name)
def test_a_missing_set_says_how_to_get_it(known, tmp_path):
    with pytest.raises(MissingData) as caught:
        load_set(known.name, tmp_path)
    assert f"Get it with `gradiente data fetch {known.name}`" in caught.value.text["en"]
    assert f"Obtenha-o com `gradiente data fetch {known.name}`" in caught.value.text["pt-BR"]


def test_digits_are_those_of_scikit_learn(tmp_path):
    found = load_set(DIGITS.name, tmp_path)
    assert found.labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert found.labels[:11].tolist() == [*range(10), 0]
    assert (found.images[0, 0, 0].float() / 255 * 16).round().tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert (int(found.images.min()), int(found.images.max())) == (0, 255)


def test_what_is_there_is_listed(small, contents, tmp_path):
    assert [(row.name, row.present) for row in list_sets(tmp_path)] == [
        ("digits", True), ("mnist", False), ("fashion_mnist", False), ("cifar10", False),
    ]  # fmt: skip
    lay_out(tmp_path / "MNIST" / "raw", contents)
    assert {row.name for row in list_sets(tmp_path) if row.present} == {"digits", "mnist"}


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\x08", b"\x1f\x8b\x08\x01", b"\0\0\x0d\x01" + bytes(8), b"\0\0\x08\x01\0\0\0\x05abc"],
    ids=["empty", "short", "packed", "floats", "cut off"],
)
def test_idx_refuses_other_bytes(content):
    with pytest.raises(ValueError, match=r"no IDX|do not hold"):
        parse_idx(content)


# --- CIFAR-10


def batch(seed):
    numbers = np.random.default_rng(seed)
    pixels, labels = numbers.integers(0, 256, (4, 3072), np.uint8), numbers.integers(0, 10, 4).tolist()
    return pixels, labels, pickled(pixels, labels)


def pickled(pixels, labels):
    """A batch as Python 2 wrote it, whose texts are bytes and whose numpy had other names than today's."""
    shape = b"K\x04M" + (3072).to_bytes(2, "little") + b"\x86"
    kind = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    data = b"T" + len(pixels.tobytes()).to_bytes(4, "little") + pixels.tobytes()
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    array += b"(K\x01" + shape + kind + b"\x89" + data + b"tb"
    numbers = b"](" + b"".join(b"K" + bytes([label]) for label in labels) + b"e"
    return b"\x80\x02}(U\x04data" + array + b"U\x06labels" + numbers + b"U\x0bbatch_labelU\x01xu."


@pytest.fixture
def batches():
    return [batch(seed) for seed in range(6)]


@pytest.fixture
def small_cifar(batches):
    others = tuple(
        replace(file, md5=md5(content)) for file, (_, _, content) in zip(CIFAR10.others[1:], batches, strict=True)
    )
    return replace(CIFAR10, count=24, train=20, others=(CIFAR10.others[0], *others))


def archive(members):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def holds(found, batches) -> bool:
    """Whether a data set has the pictures and labels of all batches, in order."""
    pixels = np.concatenate([pixels for pixels, _, _ in batches]).reshape(-1, 3, 32, 32)
    labels = [label for _, labels, _ in batches for label in labels]
    return (found.images.numpy() == pixels).all() and found.labels.tolist() == labels


def test_cifar_is_read_from_its_folder(small_cifar, batches, tmp_path):
    (tmp_path / "cifar-10-batches-py").mkdir()
    for file, (_, _, content) in zip(small_cifar.others[1:], batches, strict=True):
        (tmp_path / file.name).write_bytes(content)
    assert is_present(small_cifar, tmp_path)
    assert holds(open_set(small_cifar, tmp_path), batches)


def test_cifar_is_read_from_the_archive(small_cifar, batches, tmp_path):
    names = [file.name for file in small_cifar.others[1:]]
    packed = archive(dict(zip(names, [content for _, _, content in batches], strict=True)))
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(packed)
    known = replace(small_cifar, files=(DataFile("cifar-10-python.tar.gz", md5(packed)),))
    assert holds(open_set(known, tmp_path), batches)


def test_cifar_is_read_from_the_binary_archive(small_cifar, batches, tmp_path):
    rows = [np.column_stack([np.array(labels, np.uint8), pixels]).tobytes() for pixels, labels, _ in batches]
    names = [f"cifar-10-batches-bin/{name}.bin" for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]]
    packed = archive(dict(zip(names, rows, strict=True)))
    (tmp_path / "cifar-10-binary.tar.gz").write_bytes(packed)
    known = replace(small_cifar, others=(DataFile("cifar-10-binary.tar.gz", md5(packed)), *small_cifar.others[1:]))
    assert holds(open_set(known, tmp_path), batches)


def test_an_archive_with_another_checksum_is_never_opened(small_cifar, tmp_path):
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(archive({"cifar-10-batches-py/data_batch_1": b"x"}))
    with pytest.raises(DamagedData):
        open_set(small_cifar, tmp_path)


class Touches:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_batch_that_names_functions_runs_none(protocol, tmp_path):
    path = tmp_path / "touched"
    content = pickle.dumps({b"data": Touches(path), b"labels": []}, protocol)
    with pytest.raises(ValueError, match="no batch of CIFAR-10"):
        parse_pickled(content)
    assert not path.exists()
    pickle.loads(content)  # the control: an ordinary reader runs it
    assert path.exists()


@pytest.mark.parametrize("content", [b"", b"\x80\x02", pickle.dumps([1]), pickle.dumps({b"data": 1, b"labels": [1]})])
def test_what_is_no_batch_is_refused(content):
    with pytest.raises(ValueError, match="no batch of CIFAR-10"):
        parse_pickled(content)
