"""Brings a data set into the data directory, from where it was published, a mirror or a folder.

What was begun goes on where it stopped. A file takes its place only when its checksum is right.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import requests

from grader.errors import InfrastructureError
from grader.training.files import holds
from grader.training.known import DataFile, DataSet

_CHUNK = 1 << 16
_TIMEOUT = (10.0, 60.0)
#: told of each step: the file, bytes so far, and bytes in all where that is known
Progress = Callable[[str, int, int | None], None]


class FetchError(InfrastructureError):
    """A file could not be brought."""


def fetch(known: DataSet, folder: Path, source: str | None = None, progress: Progress | None = None) -> list[Path]:
    """Bring all files of a set that are not there yet; returns the new ones. Raises FetchError.

    ``source`` is a folder or an address that ends where the files' names begin.
    """
    target = folder / known.folders[0]
    brought = []
    for file in known.files if known.addresses else ():
        if any(holds(path, file) for path in (target / file.name, target / file.content_name)):
            continue
        brought.append(_bring(file, target, _sources(known, source), progress or (lambda name, done, total: None)))
    return brought


def _sources(known: DataSet, source: str | None) -> list[str]:
    """The places to try, one after the other."""
    return list(known.addresses) if source is None else [source]


def _is_address(source: str) -> bool:
    return source.startswith(("http://", "https://"))


def _bring(file: DataFile, target: Path, sources: list[str], progress: Progress) -> Path:
    failures: list[FetchError] = []
    for source in sources:
        try:
            target.mkdir(parents=True, exist_ok=True)
            if _is_address(source):
                part = target / f"{file.name}.part"
                _download(urljoin(source.rstrip("/") + "/", file.name), part, file.name, progress)
            else:
                part = _copy(Path(source), file, target, progress)
            return _accept(file, part, source)
        except FetchError as error:
            failures.append(error)
        except OSError as error:
            failures.append(_failure(file, source, str(error), str(error)))
    raise failures[0]


def _accept(file: DataFile, part: Path, source: str) -> Path:
    """Put a complete file into its place, or throw a wrong one away: to go on with it would only be wrong again."""
    path = part.with_suffix("")
    if not holds(part, file, packed=path.name.endswith(".gz")):
        part.unlink()
        raise _failure(
            file,
            source,
            "its checksum is not the one that was published. Try another source with --from",
            "a soma de verificação não é a publicada. Tente outra origem com --from",
        )
    with part.open("rb+") as stream:
        os.fsync(stream.fileno())
    part.replace(path)
    return path


def _copy(folder: Path, file: DataFile, target: Path, progress: Progress) -> Path:
    """From a folder, packed or unpacked, and wherever below it the set is laid out."""
    for name in dict.fromkeys((file.name, file.content_name)):
        places = (place for place in (folder / name, *sorted(folder.rglob(name))) if holds(place, file))
        if found := next(places, None):
            part = target / f"{name}.part"
            shutil.copyfile(found, part)
            progress(name, part.stat().st_size, part.stat().st_size)
            return part
    raise _failure(
        file, str(folder), "no file there is the one that was published", "nenhum arquivo lá é o que foi publicado"
    )


def _download(address: str, part: Path, name: str, progress: Progress) -> None:
    """Load what is missing of a file. Raises FetchError where nobody answers, or not with the file."""
    done = part.stat().st_size if part.is_file() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        with requests.get(address, headers=headers, stream=True, timeout=_TIMEOUT) as response:
            if response.status_code == requests.codes.requested_range_not_satisfiable:
                return  # it is complete; the checksum has the last word
            response.raise_for_status()
            # A server that knows no ranges sends all of it again.
            is_rest = response.status_code == requests.codes.partial_content
            done = done if is_rest else 0
            length = response.headers.get("Content-Length", "")
            total = done + int(length) if length.isdecimal() else None
            with part.open("ab" if is_rest else "wb") as stream:
                for chunk in response.iter_content(_CHUNK):
                    stream.write(chunk)
                    done += len(chunk)
                    progress(name, done, total)
    except requests.RequestException as error:
        raise FetchError(
            f"{address}: {error}. What was loaded is kept: the same command goes on from there. "
            "Without a network, name a folder that holds the files with --from.",
            f"{address}: {error}. O que foi baixado fica guardado: o mesmo comando continua dali. "
            "Sem rede, indique com --from uma pasta que tenha os arquivos.",
        ) from error
    if total is not None and done < total:
        raise FetchError(
            f"{address}: the connection ended after {done:,} of {total:,} bytes. The same command goes on from there.",
            f"{address}: a conexão terminou após {done:,} de {total:,} bytes. O mesmo comando continua dali.",
        )


def _failure(file: DataFile, source: str, english: str, portuguese: str) -> FetchError:
    return FetchError(f"{file.name} from {source}: {english}.", f"{file.name} de {source}: {portuguese}.")
