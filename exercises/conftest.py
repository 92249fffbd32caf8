"""What every exercise shares: the ``student`` and ``rng`` fixtures, the markers and the closing table.

A downloaded exercise is a folder with this file beside it. Nothing but pytest and torch is needed, so the
self-check works without Gradiente. The grader loads this very file too: there ``student`` is a stand-in for a module
that lives in another process, and the same tests judge it.

Environment: ``GRADIENTE_SEED`` (any text, default ``0``) changes all random inputs, ``GRADIENTE_LANG`` (``en`` or
``pt-BR``, default: the language of the system) the language of the table, ``GRADIENTE_DATA`` the folder of data sets.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import os
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
import torch

try:
    import numpy as np
except ImportError:  # torch does without, and so do exercises that do not ask for it
    np = None

MARKERS = (
    "points(n): what the test is worth (1 unless said)",
    "needs(*tests): skip this test unless the named tests of the suite passed",
    "seconds(n): longest time that one call into the student's code may take in this test",
    "group(name): show the test under this heading",
)


# --- torchvision beside a CPU-only torch -------------------------------------------------------------------------


def mend_torchvision() -> None:
    """Let ``import torchvision`` work where its compiled operators do not fit the installed torch.

    PyPI's torchvision is linked against CUDA. Beside a CPU-only torch its operators are never registered, and the
    import fails on ``torchvision::nms``. Declaring the two operators that the import looks up is enough for data
    sets, transforms and models; calling them still fails, with torch's own message.
    """
    if torch.version.cuda is not None or hasattr(torch.ops.torchvision, "nms"):
        return
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


# --- Seeds --------------------------------------------------------------------------------------------------------


class Rng(torch.Generator):
    """A seeded ``torch.Generator``; ``rng.numpy`` is its numpy twin with the same seed."""

    numpy: np.random.Generator  # missing where numpy is not installed


def derive_seed(base: str, test: str) -> int:
    """Give each test its own 63-bit seed, so that adding or skipping one test leaves the others' inputs alone."""
    digest = hashlib.sha256(f"{base}/{test}".encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def seed_everything(seed: int) -> None:
    """Seed the global generators of Python, numpy and torch (CPU and CUDA)."""
    random.seed(seed)
    if np is not None:
        np.random.seed(seed % 2**32)
    # torch.manual_seed would also note down the whole stack for each kind of device that is not there.
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)


@pytest.fixture(autouse=True)
def _seeded(request: pytest.FixtureRequest) -> int:
    seed = derive_seed(os.environ.get("GRADIENTE_SEED", "0"), request.node.name)
    seed_everything(seed)
    return seed


@pytest.fixture
def rng(_seeded: int) -> Rng:
    """The only source of random inputs: ``torch.randn(3, generator=rng)`` or ``rng.numpy.normal(size=3)``."""
    generator = Rng()
    generator.manual_seed(_seeded)
    if np is not None:
        generator.numpy = np.random.default_rng(_seeded)
    return generator


# --- The student's module -----------------------------------------------------------------------------------------


def load_student(path: Path) -> ModuleType:
    """Import the student's file under its own name.

    Raises whatever the file raises, and ``FileNotFoundError`` when it is not there.
    """
    if not path.is_file():
        raise FileNotFoundError(_say("no_file").format(path=path))
    mend_torchvision()
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def student(request: pytest.FixtureRequest) -> ModuleType:
    """The student's module: ``test_sigmoid.py`` gets the ``sigmoid.py`` that lies beside it."""
    slug = request.path.stem.removeprefix("test_").removesuffix("_hidden")
    return load_student(request.path.with_name(f"{slug}.py"))


# --- Data sets ----------------------------------------------------------------------------------------------------


class Dataset(NamedTuple):
    """Grey images ``(n, 1, height, width)`` float32 in [0, 1] and their labels ``(n,)`` int64, ten classes."""

    name: str
    images: torch.Tensor
    labels: torch.Tensor


def load_digits() -> Dataset:
    """The 1,797 8x8 digits bundled with scikit-learn."""
    from sklearn.datasets import load_digits as bundled

    images, labels = bundled(return_X_y=True)
    pixels = torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8)
    return Dataset("digits", pixels, torch.tensor(labels, dtype=torch.int64))


def load_mnist(folder: Path) -> Dataset | None:
    """The 60,000 training images of MNIST from ``folder/MNIST/raw``, plain or gzipped; None where they are not."""
    arrays = [_read_idx(folder / "MNIST" / "raw" / f"train-{part}-ubyte") for part in ("images-idx3", "labels-idx1")]
    if arrays[0] is None or arrays[1] is None:
        return None
    return Dataset("mnist", arrays[0].unsqueeze(1).float() / 255, arrays[1].long())


def _read_idx(path: Path) -> torch.Tensor | None:
    """Read one file in the IDX format (http://yann.lecun.com/exdb/mnist): big-endian sizes, then bytes."""
    packed = path.with_name(path.name + ".gz")
    if path.is_file():
        raw = path.read_bytes()
    elif packed.is_file():
        raw = gzip.decompress(packed.read_bytes())
    else:
        return None
    dimensions = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(dimensions)]
    return torch.frombuffer(bytearray(raw[4 + 4 * dimensions :]), dtype=torch.uint8).reshape(shape)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """scikit-learn's digits; the test is skipped where scikit-learn is not installed."""
    pytest.importorskip("sklearn", reason=_say("no_sklearn"))
    return load_digits()


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST from the data folder; the test is skipped where it is not there."""
    found = load_mnist(Path(os.environ.get("GRADIENTE_DATA", "data")))
    if found is None:
        pytest.skip(_say("no_mnist"))
    return found


# --- What the student reads ---------------------------------------------------------------------------------------


class Texts(NamedTuple):
    """What a test's docstring says, by language; a text that is not there is empty."""

    title: dict[str, str]
    hint: dict[str, str]


def read_texts(docstring: str | None, name: str = "") -> Texts:
    """Take a test's docstring apart: English title first, then paragraphs after ``pt:``, ``hint:`` and ``dica:``."""
    parts: dict[str, list[str]] = {"en": []}
    current = "en"
    for line in (docstring or "").splitlines():
        label, colon, rest = line.strip().partition(":")
        if colon and label in ("pt", "hint", "dica"):
            current, line = label, rest
        parts.setdefault(current, []).append(line.strip())
    text = {key: " ".join(part for part in lines if part) for key, lines in parts.items()}
    title = text["en"] or name.removeprefix("test_").replace("_", " ")
    return Texts(
        {"en": title, "pt-BR": text.get("pt", "") or title},
        {"en": text.get("hint", ""), "pt-BR": text.get("dica", "") or text.get("hint", "")},
    )


def language() -> str:
    """``pt-BR`` or ``en``: ``GRADIENTE_LANG`` if set, the system's language otherwise."""
    names = ("GRADIENTE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    chosen = next((os.environ[name] for name in names if os.environ.get(name)), "en")
    return "pt-BR" if chosen.lower().startswith("pt") else "en"


_SENTENCES = {
    "no_file": {
        "en": "{path} is not there. Put your solution in that file, beside the tests.",
        "pt-BR": "{path} não existe. Ponha sua solução nesse arquivo, ao lado dos testes.",
    },
    "no_sklearn": {
        "en": "this test uses the digits of scikit-learn: pip install scikit-learn",
        "pt-BR": "este teste usa os dígitos do scikit-learn: pip install scikit-learn",
    },
    "no_mnist": {
        "en": "MNIST is not in the data folder (GRADIENTE_DATA)",
        "pt-BR": "o MNIST não está na pasta de dados (GRADIENTE_DATA)",
    },
    "needs": {"en": "skipped: first make {name} pass", "pt-BR": "pulado: antes faça {name} passar"},
    "points": {"en": "{earned:g} of {total:g} points", "pt-BR": "{earned:g} de {total:g} pontos"},
    "hint": {"en": "hint: {text}", "pt-BR": "dica: {text}"},
    "stub": {"en": "not written yet", "pt-BR": "ainda não escrito"},
    "public": {
        "en": "These are the public tests; the grader also runs hidden ones.",
        "pt-BR": "Estes são os testes públicos; o corretor roda também testes ocultos.",
    },
}


def _say(key: str) -> str:
    return _SENTENCES[key][language()]


# --- pytest's hooks -----------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    config.stash[_OUTCOMES] = {}


_OUTCOMES = pytest.StashKey[dict[str, list[pytest.TestReport]]]()


def outcomes(config: pytest.Config, path: Path) -> dict[str, bool]:
    """Which tests of the exercise that ``path`` belongs to have passed so far, by function name."""
    passed: dict[str, bool] = {}
    for reports in config.stash[_OUTCOMES].values():
        for report in reports:
            if report.slug == slug_of(path):
                name = report.function
                passed[name] = passed.get(name, True) and not report.failed and not report.skipped
    return passed


def slug_of(path: str | Path) -> str:
    """The exercise that a test file belongs to."""
    return Path(path).stem.removeprefix("test_").removesuffix("_hidden")


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        passed = outcomes(item.config, item.path)
        for name in marker.args:
            if not passed.get(name, True):
                pytest.skip(_say("needs").format(name=name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    report.slug, report.function = slug_of(item.path), item.name.partition("[")[0]
    report.texts = read_texts(getattr(item.obj, "__doc__", None), item.name)
    marker = item.get_closest_marker("points")
    report.points = marker.args[0] if marker else 1
    report.is_stub = call.excinfo is not None and call.excinfo.errisinstance(NotImplementedError)
    item.config.stash[_OUTCOMES].setdefault(item.nodeid, []).append(report)
    return report


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Close with one line per test, in the student's language, by exercise."""
    suites: dict[str, list[list[pytest.TestReport]]] = {}
    for reports in config.stash[_OUTCOMES].values():
        suites.setdefault(reports[0].slug, []).append(reports)
    for slug, tests in suites.items():
        earned = sum(reports[0].points for reports in tests if all(report.passed for report in reports))
        total = sum(reports[0].points for reports in tests)
        terminalreporter.section(f"{slug}: {_say('points').format(earned=earned, total=total)}", sep="-")
        for reports in tests:
            _write_test(terminalreporter, reports)
        terminalreporter.write_line(_say("public"))


def _write_test(terminalreporter, reports: list[pytest.TestReport]) -> None:
    chosen = language()
    texts = reports[0].texts
    passed = all(report.passed for report in reports)
    skipped = any(report.skipped for report in reports)
    sign, colour = ("✓", "green") if passed else ("–", "yellow") if skipped else ("✗", "red")
    line = f" {sign} {texts.title[chosen]}"
    if any(report.is_stub for report in reports):
        line += f" ({_say('stub')})"
    terminalreporter.write_line(line, **{colour: True})
    if skipped:
        reason = next(report.longrepr for report in reports if report.skipped)
        terminalreporter.write_line(f"     {reason[2] if isinstance(reason, tuple) else reason}")
    elif not passed and texts.hint[chosen]:
        terminalreporter.write_line("     " + _say("hint").format(text=texts.hint[chosen]))
