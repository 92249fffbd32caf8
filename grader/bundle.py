"""Which files of a folder or an archive are taken: the rules for names, the limits, and the choice of the main file."""

from __future__ import annotations

import sys
import sysconfig
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import PurePosixPath

from grader.errors import SubmissionError

#: Bytes of one Python file.
SOURCE_BYTES = 1 << 20
#: Bytes of all files of a submission together, and of one upload.
TOTAL_BYTES = 16 << 20
#: Files that are taken.
FILES = 200
#: Names that are looked at in a folder or an archive.
ENTRIES = 5_000
#: Folders and the file name together.
DEPTH = 8
#: Names that ``left_out`` lists before it only counts.
LISTED = 50

#: What a file may be beside the main one: code, and data that is read as text.
SUFFIXES = frozenset({".py", ".txt", ".csv", ".json", ".md"})

#: Files that configure Python or pytest for whoever runs there.
_CONFIGURATION = frozenset(
    "conftest.py pytest.ini pyproject.toml tox.ini setup.cfg setup.py sitecustomize.py usercustomize.py".split()
)
#: Ours: they lie on the path of the process that loads the submission, but not always in site-packages.
_OURS = frozenset({"grader", "server", "gradiente", "exercises", "solutions"})

#: Reads one file, at most the given number of bytes.
Reader = Callable[[int], bytes]


@dataclass(frozen=True)
class Choice:
    """Names out of a folder or an archive: the main file, those taken beside it, those left out."""

    main: str
    others: tuple[str, ...]
    left_out: tuple[str, ...]


def clean(text: str, length: int = 200) -> str:
    """Make a name or a line safe to print: no control characters, no escapes, no reversed writing, not too long.

    Spaces that are not the usual one, and separators of lines, become it.
    """
    shown = "".join(map(_printable, text[: 4 * length])).strip()
    return shown if len(shown) <= length else f"{shown[:length]}…"


def _printable(sign: str) -> str:
    # Category C: controls, formats such as U+202E, lone surrogates, private and unassigned characters. Z: separators.
    return sign if sign.isprintable() else " " * unicodedata.category(sign).startswith("Z")


def is_taken(path: str) -> bool:
    """Whether a file may come along, by its name alone."""
    parts = PurePosixPath(path).parts
    name = parts[-1].casefold()
    if len(parts) > DEPTH or any(part.startswith(".") or part == "__pycache__" for part in parts):
        return False
    if clean(path, len(path)) != path or PurePosixPath(name).suffix not in SUFFIXES:
        return False
    if is_configuration(path):
        return False
    # The submission's folder is searched first: a torch.py in it, or a folder torch, would stand for the library.
    return not shadows_module(parts[0].partition(".")[0]) or (len(parts) == 1 and not name.endswith(".py"))


def is_configuration(path: str) -> bool:
    """Whether a file steers Python or pytest, or holds tests: never a part of a submission."""
    name = PurePosixPath(path).name.casefold()
    return name in _CONFIGURATION or (name.startswith("test_") and name.endswith((".py", ".ipynb")))


@lru_cache(4096)
def shadows_module(name: str) -> bool:
    """Whether a top-level module of this name can be imported already. Nothing is imported to find out."""
    if name in sys.stdlib_module_names or name in _OURS:
        return True
    if not name.isidentifier():
        return False
    # Not sys.path: it may hold the folder that somebody happens to work in, with names of no importance.
    return PathFinder.find_spec(name, [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]) is not None


def choose(names: Iterable[str], slug: str) -> Choice:
    """Decide about every name. Raises SubmissionError where the main file is not there or not the only one."""
    ordered = sorted(names)
    main = _main_of(ordered, slug)
    # A helper cannot take the main file's place, which another name had until now.
    others = tuple(name for name in ordered if name not in (main, f"{slug}.py") and is_taken(name))
    if len(others) >= FILES:
        raise SubmissionError(
            f"The submission holds {len(others) + 1:,} files, and at most {FILES} are taken. Hand in only {slug}.py "
            "and the files that it needs.",
            f"A entrega tem {len(others) + 1:,} arquivos, e são aceitos no máximo {FILES}. Entregue só {slug}.py e os "
            "arquivos de que ele precisa.",
        )
    return Choice(main, others, tuple(name for name in ordered if name != main and name not in others))


def _main_of(names: list[str], slug: str) -> str:
    top = [name for name in names if "/" not in name and not name.startswith(".")]
    for expected in (f"{slug}.py", f"{slug}.ipynb"):
        if expected in top:
            return expected
    # The stricter rules for names do not hold here: the main file gets the exercise's name, whatever it was.
    able = [name for name in top if name.casefold().endswith((".py", ".ipynb")) and not is_configuration(name)]
    if len(able) == 1:
        return able[0]
    found = ", ".join(clean(name, 60) for name in (able or top)[:8])
    raise SubmissionError(
        f"There is no {slug}.py in the submission. Found at its top: {found or 'no file'}. Expected: {slug}.py, or "
        f"exactly one .py or .ipynb file. Rename your file to {slug}.py.",
        f"Não há {slug}.py na entrega. No nível mais alto há: {found or 'nenhum arquivo'}. Esperado: {slug}.py, ou "
        f"exatamente um arquivo .py ou .ipynb. Renomeie seu arquivo para {slug}.py.",
    )


def read_chosen(choice: Choice, readers: Mapping[str, Reader]) -> dict[str, bytes]:
    """Read the main file and those beside it, within the limits."""
    files: dict[str, bytes] = {}
    left = TOTAL_BYTES
    for name in (choice.main, *choice.others):
        limit = size_limit(name)
        content = readers[name](min(limit, left) + 1)
        check_size(name, len(content), limit)
        check_size(None, len(content), left)
        left -= len(content)
        files[name] = content
    return files


def size_limit(name: str) -> int:
    """How many bytes one file may have. A notebook holds its pictures too, so its code is measured by itself."""
    return SOURCE_BYTES if name.casefold().endswith(".py") else TOTAL_BYTES


def check_size(name: str | None, size: int, limit: int) -> None:
    """Raise SubmissionError where a file, or with None the whole submission, has more bytes than its limit."""
    if size <= limit:
        return
    english, portuguese = (clean(name, 60),) * 2 if name is not None else ("The submission", "A entrega")
    most = f"{(limit if name is not None else TOTAL_BYTES) >> 20} MB"
    raise SubmissionError(
        f"{english} is too big: more than {most}. Take data, trained weights and outputs out of it, and hand in the "
        "code.",
        f"{portuguese} é grande demais: mais de {most}. Retire dados, pesos treinados e saídas, e entregue o código.",
    )


def list_left_out(names: Iterable[str]) -> tuple[str, ...]:
    """What was left out, safe to print; a long list ends in a count."""
    shown = [clean(name, 100) for name in names]
    return tuple(shown) if len(shown) <= LISTED else (*shown[:LISTED], f"… (+{len(shown) - LISTED})")
