"""Finds the files of a data set in the data directory and reads what is in them, checked against what was published."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from grader.errors import InfrastructureError
from grader.training.cifar import parse_binary, parse_pickled
from grader.training.idx import parse_idx
from grader.training.images import Arrays
from grader.training.known import DataFile, DataSet, Form
from grader.training.missing import DamagedData, MissingData
from grader.training.presence import places

_BATCHES = "cifar-10-batches-py"
_UNKNOWN_CONTENT = (
    "for the unpacked file no checksum was published: keep the .gz beside it",
    "do arquivo descompactado não se publicou soma de verificação: deixe o .gz ao lado dele",
)


def read_set(known: DataSet, folder: Path) -> Arrays:
    """All images and labels of a set, the training part first. Raises MissingData or DamagedData."""
    if known.form is Form.BUNDLED:
        return _read_digits(known)
    if known.form is Form.CIFAR:
        return _read_cifar(known, folder)
    train_images, train_labels, test_images, test_labels = (
        parse_idx(_content(known, folder, file)) for file in known.files
    )
    images = np.concatenate([train_images, test_images])[:, None]
    return images, np.concatenate([train_labels, test_labels]).astype(np.int64)


def holds(path: Path, file: DataFile, *, packed: bool | None = None) -> bool:
    """Whether this is a file as it was published: packed, packed anew, or unpacked."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, _md5).hexdigest() in {file.md5, file.content_md5}:
            return True
    if not file.content_md5 or not (path.name.endswith(".gz") if packed is None else packed):
        return False
    content = _unpack(path.read_bytes())
    return content is not None and _digest(content) == file.content_md5


def matches(data: bytes, file: DataFile) -> bool:
    """Whether these are the bytes of a file as it was published, packed or unpacked."""
    return _digest(data) in {file.md5, file.content_md5}


def _content(known: DataSet, folder: Path, file: DataFile) -> bytes:
    """The unpacked content of a file, checked. A file of the same name that holds something else may lie around."""
    damaged: DamagedData | None = None
    for path in places(known, folder, file):
        data = path.read_bytes()
        content = _unpack(data) if path.name.endswith(".gz") else data
        if content is not None and (matches(data, file) or matches(content, file)):
            return content
        is_unknown = content is data and not file.content_md5
        damaged = damaged or DamagedData(known, path, _UNKNOWN_CONTENT if is_unknown else ("", ""))
    raise damaged or MissingData(known, folder)


def _unpack(data: bytes) -> bytes | None:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None


def _digest(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


# --- digits


def _read_digits(known: DataSet) -> Arrays:
    """The digits of scikit-learn, read without importing it, which takes a second. Values 0 to 16 become 0 to 255."""
    found = importlib.util.find_spec("sklearn")
    if found is None or found.origin is None:
        raise InfrastructureError(
            "scikit-learn, which brings the digits, is not installed. Run pip install scikit-learn.",
            "O scikit-learn, que traz os dígitos, não está instalado. Execute pip install scikit-learn.",
        )
    path = Path(found.origin).parent / "datasets" / "data" / known.files[0].name
    content = _unpack(path.read_bytes()) if path.is_file() else None
    if content is None or not matches(content, known.files[0]):
        raise DamagedData(known, path)
    table = np.fromstring(content.replace(b"\n", b",").rstrip(b","), np.float64, sep=",").reshape(known.count, 65)
    pixels = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8)
    return pixels.reshape(known.count, *known.shape), table[:, -1].astype(np.int64)


# --- CIFAR-10


def _read_cifar(known: DataSet, folder: Path) -> Arrays:
    """From the folder of batches, or from one of the two archives."""
    (python,), (binary, *batches) = known.files, known.others
    if all(any(places(known, folder, batch)) for batch in batches):
        return _join([parse_pickled(_content(known, folder, batch)) for batch in batches])
    for path in places(known, folder, python):
        return _from_archive(known, path, python, parse_pickled, [batch.name for batch in batches])
    for path in places(known, folder, binary):
        names = [f"cifar-10-batches-bin/{batch.name.rpartition('/')[2]}.bin" for batch in batches]
        return _from_archive(known, path, binary, parse_binary, names)
    raise MissingData(known, folder)


def _from_archive(
    known: DataSet, path: Path, file: DataFile, parse: Callable[[bytes], Arrays], names: list[str]
) -> Arrays:
    """The batches in an archive, which is never unpacked to the disk."""
    with path.open("rb") as stream:
        if hashlib.file_digest(stream, _md5).hexdigest() != file.md5:
            raise DamagedData(known, path)
    with tarfile.open(path) as archive:
        members = [archive.extractfile(name) for name in names]
        return _join([parse(member.read()) for member in members if member is not None])


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _join(batches: list[Arrays]) -> Arrays:
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)
