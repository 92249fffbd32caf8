"""Where the files of a data set lie in the data directory. Knows neither torch nor what is in them."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

from grader.training.known import DataFile, DataSet, Form


def is_present(known: DataSet, folder: Path) -> bool:
    """Whether the files of a set are there; what is in them is not looked at."""
    if known.form is Form.BUNDLED:
        return importlib.util.find_spec("sklearn") is not None
    if known.form is Form.IDX:
        return all(any(places(known, folder, file)) for file in known.files)
    archives = (*known.files, known.others[0])
    batches = known.others[1:]
    return any(any(places(known, folder, file)) for file in archives) or all(
        any(places(known, folder, file)) for file in batches
    )


def places(known: DataSet, folder: Path, file: DataFile) -> Iterator[Path]:
    """Where a file lies, packed or unpacked."""
    for below in known.folders:
        for name in (file.name, file.content_name):
            path = folder / below / name
            if path.is_file():
                yield path
            if name == file.content_name == file.name:
                break
