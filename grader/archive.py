"""Reads a zip archive without ever unpacking it: names and sizes are checked first, contents stay in memory."""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable
from functools import partial
from typing import NoReturn

from grader.bundle import DEPTH, ENTRIES, TOTAL_BYTES, Reader, check_size, clean, is_configuration
from grader.errors import SubmissionError

#: Every entry of the list at an archive's end starts with this.
_ENTRY = b"PK\x01\x02"
#: The fixed part of what precedes each file in an archive.
_HEADER_BYTES = 30
_ENCRYPTED = 0x1
#: Characters of a path, and bytes of one part of it: file systems take 255, the sandbox puts folders before it.
_NAME, _PART = 500, 200

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_CHUNK = 1 << 16

_CURE = (
    "Make a new zip of the folder with your computer's own zip function.",
    "Crie um novo zip da pasta com a função do próprio sistema.",
)


def read_archive(content: bytes, *, whole: bool = False) -> tuple[dict[str, Reader], tuple[str, ...]]:
    """Give a reader per regular file, and the names left out for what they are.

    A folder that holds all code is taken off the names, and what lies beside it left out; not so with ``whole``.

    Raises SubmissionError for an archive that is broken, or made to harm whoever unpacks it.
    """
    check_size(None, len(content), TOTAL_BYTES)
    # Before zipfile makes an object of every entry: a million of them fit into a small upload.
    if content.count(_ENTRY) > ENTRIES:
        _refuse(f"it lists more than {ENTRIES:,} files", f"ele lista mais de {ENTRIES:,} arquivos")
    archive, entries = _open(content)
    _check_overlap(entries, archive.start_dir)
    left_out: list[str] = []
    kept: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = _check_name(entry)
        if entry.is_dir() or name.startswith("__MACOSX/"):
            continue
        if not _is_regular(entry):
            left_out.append(name)
            continue
        if name in kept:
            _refuse_name(name, "is in it twice", "está nele duas vezes")
        kept[name] = entry
    _check_clashes(kept)
    start = "" if whole else _common_folder(kept)
    outside = [name for name in kept if not name.startswith(start)]
    readers: dict[str, Reader] = {
        name.removeprefix(start): partial(_read, archive, entry)
        for name, entry in kept.items()
        if name.startswith(start)
    }
    return readers, (*outside, *(name.removeprefix(start) for name in left_out))


def _open(content: bytes) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        return archive, archive.infolist()
    except Exception as error:
        # zipfile raises half a dozen types (struct.error, UnicodeDecodeError, OverflowError, ...) for broken lists.
        raise SubmissionError(
            f"The file is not a zip archive, or only a part of one ({_reason(error)}). Expected: a .zip that can be "
            f"opened. {_CURE[0]}",
            f"O arquivo não é um zip, ou só uma parte dele ({_reason(error)}). Esperado: um .zip que possa ser aberto. "
            f"{_CURE[1]}",
        ) from None


def _check_name(entry: zipfile.ZipInfo) -> str:
    """Return the entry's name. Raises SubmissionError for names that mean another place somewhere."""
    # zipfile cuts names at NUL: what it shows is not what other programs see.
    name = entry.orig_filename
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        _refuse_name(name, "has a control character in its name", "tem um caractere de controle no nome")
    if "\\" in name:
        _refuse_name(name, "has a backslash in its name", "tem uma barra invertida no nome")
    if name.startswith("/") or name[1:2] == ":":
        _refuse_name(name, "has an absolute path", "tem um caminho absoluto")
    parts = name.removesuffix("/").split("/")
    if len(name) > _NAME or any(len(part.encode()) > _PART for part in parts):
        _refuse_name(name, "has too long a name", "tem um nome longo demais")
    if ".." in parts:
        _refuse_name(name, "leads out of the archive ('..')", "leva para fora do zip ('..')")
    if "" in parts or "." in parts:
        _refuse_name(name, "has an empty part in its path", "tem uma parte vazia no caminho")
    return name


def _is_regular(entry: zipfile.ZipInfo) -> bool:
    # Programs without file modes write 0 here.
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind in (0, stat.S_IFREG)


def _check_clashes(names: dict[str, zipfile.ZipInfo]) -> None:
    """Refuse names that are one file on some systems, or a file and a folder at once."""
    seen: dict[str, str] = {}
    for name in names:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if folded in seen:
            other = clean(seen[folded], 60)
            english = f"has the same name as {other} on some systems"
            _refuse_name(name, english, f"tem em alguns sistemas o mesmo nome que {other}")
        seen[folded] = name
    for folded, name in seen.items():
        parts = folded.split("/")[: DEPTH + 1]
        if any("/".join(parts[:end]) in seen for end in range(1, len(parts))):
            _refuse_name(name, "lies in a folder that is also a file", "está em uma pasta que também é um arquivo")


def _check_overlap(entries: list[zipfile.ZipInfo], end: int) -> None:
    """Refuse entries that share their bytes: so a few kilobytes become a thousand big files."""
    following = end
    for entry in sorted(entries, key=lambda entry: entry.header_offset, reverse=True):
        last = entry.header_offset + _HEADER_BYTES + entry.compress_size
        if entry.header_offset < 0 or last > following:
            _refuse_name(entry.filename, "shares its bytes with another file", "divide seus bytes com outro arquivo")
        following = entry.header_offset


def _common_folder(names: Iterable[str]) -> str:
    """The folder, with its slash, that holds all code; empty where there is none.

    A download lies beside the shared conftest.py, which is never taken: zipped together they are still one folder.
    """
    code = [name for name in names if name.casefold().endswith((".py", ".ipynb")) and not is_configuration(name)]
    tops = {name.partition("/")[0] if "/" in name else "" for name in code if not name.startswith(".")}
    return f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """Unpack one file up to a limit, whatever size the archive claims."""
    if entry.flag_bits & _ENCRYPTED:
        _refuse_name(entry.filename, "is locked with a password", "está protegido por senha")
    if entry.compress_type not in _METHODS:
        # Among them LZMA, whose own header decides how much memory unpacking takes.
        _refuse_name(entry.filename, "is packed by an unusual method", "está compactado por um método incomum")
    parts = []
    try:
        with archive.open(entry) as file:
            while limit > 0 and (part := file.read(min(limit, _CHUNK))):
                parts.append(part)
                limit -= len(part)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        reason = _reason(error)
        _refuse_name(entry.filename, f"is damaged ({reason})", f"está danificado ({reason})")
    return b"".join(parts)


def _reason(error: Exception) -> str:
    return clean(str(error) or type(error).__name__, 80)


def _refuse_name(name: str, english: str, portuguese: str) -> NoReturn:
    shown = repr(clean(name, 60))
    _refuse(f"the file {shown} {english}", f"o arquivo {shown} {portuguese}")


def _refuse(english: str, portuguese: str) -> NoReturn:
    raise SubmissionError(
        f"The zip archive was not opened: {english}. Expected: plain files with plain names. {_CURE[0]}",
        f"O zip não foi aberto: {portuguese}. Esperado: arquivos comuns com nomes comuns. {_CURE[1]}",
    )
