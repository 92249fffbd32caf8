"""What every exercise shares: the ``student`` and ``rng`` fixtures, the markers and the closing table.

A downloaded exercise is a folder with this file beside it. Nothing but pytest and torch is needed, so the
self-check works without Gradiente. The grader loads this very file too: there ``student`` is a stand-in for a module
that lives in another process, and the same tests judge it.

Environment: ``GRADIENTE_SEED`` (any text, default ``0``) changes all random inputs, ``GRADIENTE_LANG`` (``en`` or
``pt-BR``, default: the language of the system) the language of the table, ``GRADIENTE_DATA`` the folder of data sets.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.util
import math
import os
import random
import statistics
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, NoReturn

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
    "gpu: the training that the test checks is that of [training.gpu]; skipped where there is no GPU",
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


# --- Training curves ----------------------------------------------------------------------------------------------

_CURVE = pytest.StashKey["Curve"]()
#: who is told of each value while the test runs: ``listener(item, step, values)``
LISTENER = pytest.StashKey[Callable[[pytest.Item, int, dict[str, float]], None]]()
#: points kept of each curve, and curves kept of each test
_POINTS, _CURVES = 200, 8


class Curve:
    """Records a training: ``curve(step, loss=0.7, accuracy=0.8)``, as often as there is something to tell.

    Long curves are thinned out evenly. A test may hand it to the student's code as a callback: what is no number is a
    ValueError there.
    """

    def __init__(self, item: pytest.Item) -> None:
        self.points: dict[str, list[tuple[int, float]]] = {}
        self._item = item
        self._strides: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    def __call__(self, step: int, **values: float) -> None:
        """Record values of one step. Raises ValueError for what is no number."""
        step = int(step)
        numbers = {name[:40]: float(value) for name, value in values.items()}
        if abs(step) > 10**12 or len(self.points.keys() | numbers.keys()) > _CURVES:
            raise ValueError(f"a step of at most 10**12 and at most {_CURVES} curves, please")
        for name, value in numbers.items():
            self._add(name, step, value)
        listener = self._item.config.stash.get(LISTENER, None)
        if listener is not None:
            listener(self._item, step, numbers)

    def _add(self, name: str, step: int, value: float) -> None:
        count = self._counts[name] = self._counts.get(name, -1) + 1
        if count % self._strides.setdefault(name, 1):
            return
        kept = self.points.setdefault(name, [])
        kept.append((step, value))
        if len(kept) > _POINTS:
            del kept[1::2]
            self._strides[name] *= 2


@pytest.fixture
def curve(request: pytest.FixtureRequest) -> Curve:
    """Where a test records its training: the portal draws it live, the self-check keeps it to itself."""
    made = request.node.stash[_CURVE] = Curve(request.node)
    return made


def curve_of(item: pytest.Item) -> dict[str, list[tuple[int, float]]]:
    """What a test has recorded."""
    found = item.stash.get(_CURVE, None)
    return {} if found is None else found.points


# --- Training checks ----------------------------------------------------------------------------------------------


class Credit(NamedTuple):
    """A part of a test's points, with the sentence that says why, by language."""

    share: float
    text: dict[str, str]
    #: what each run of a training reached
    values: list[float]
    #: what ended the test with this; None: nothing has
    error: BaseException | None = None


_CREDIT = pytest.StashKey[Credit]()


def credit_of(item: pytest.Item) -> Credit | None:
    """What a test has said of its points, if anything."""
    return item.stash.get(_CREDIT, None)


class Ladder(NamedTuple):
    """Points for a metric: pairs of metric and points, both rising; or falling metrics, where less is better."""

    rungs: list[tuple[float, float]]

    def lead(self, value: float, metric: float) -> float:
        """How much better a value is than a metric; negative where it is worse."""
        return metric - value if self.rungs[0][0] > self.rungs[-1][0] else value - metric

    def reached(self, value: float) -> int:
        """How many rungs a value reaches; none where it is no finite number."""
        return sum(math.isfinite(value) and self.lead(value, metric) >= 0 for metric, _ in self.rungs)

    def points(self, value: float) -> float:
        """Points for a value: nothing below the first rung, linear between two."""
        reached = self.reached(value)
        if reached in (0, len(self.rungs)):
            return self.rungs[-1][1] if reached else 0.0
        (low, least), (high, most) = self.rungs[reached - 1 : reached + 1]
        return least + (most - least) * (value - low) / (high - low)

    def target(self, value: float) -> tuple[float, float]:
        """The next rung, or the last one where a value reaches all."""
        return self.rungs[min(self.reached(value), len(self.rungs) - 1)]


class Bench:
    """Where trainings run and how many of them are enough: what exercise.toml says. The grader has one of its own."""

    def __init__(self, terms: dict[str, Any]) -> None:
        #: the table [training] of exercise.toml
        self.terms = terms
        self.device = os.environ.get("GRADIENTE_DEVICE", "cpu")
        self.has_gpu = self.device.startswith("cuda")

    def wants_another(self, kind: str, leads: list[float]) -> bool:
        """Whether to train once more. ``leads``: by how much each run so far exceeds the next rung."""
        return len(leads) < self.terms.get("seeds", 3)

    @contextlib.contextmanager
    def clock(self, seconds: float, seed: int) -> Iterator[None]:
        """Give the student's code so many seconds of its own time. The grader also gives it a process and a seed."""
        start = time.monotonic()
        yield
        if time.monotonic() - start > seconds:
            pytest.fail(_say("slow_run").format(seconds=seconds), pytrace=False)


#: the grader's bench, where it is the grader that runs the tests
BENCH = pytest.StashKey[Bench]()


def bench_of(item: pytest.Item) -> Bench:
    """The grader's, or one of what exercise.toml beside the test says."""
    if BENCH not in item.config.stash:
        path = item.path.with_name("exercise.toml")
        config = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        return Bench(config.get("training", {}))
    return item.config.stash[BENCH]


def kind_of(item: pytest.Item) -> str:
    """Which table of exercise.toml a test checks, [training.cpu] or [training.gpu]; empty: it checks no training."""
    if "training" not in getattr(item, "fixturenames", ()):
        return ""
    return "gpu" if item.get_closest_marker("gpu") else "cpu"


def points_of(item: pytest.Item) -> float:
    """What a test is worth: what its marker says, and a training check what its ladder ends with.

    A ladder is for one data set: a check that had to train on another one is worth nothing.
    """
    kind = kind_of(item)
    table = bench_of(item).terms.get(kind) if kind else None
    if table:
        return 0.0 if stand_in_of(item) else float(table["ladder"][-1][1])
    marker = item.get_closest_marker("points")
    return float(marker.args[0]) if marker else 1.0


class Run:
    """One of the trainings of a check."""

    def __init__(self, training: Training, number: int, seed: int, start: int) -> None:
        #: from 1
        self.number = number
        #: its own, and secret in the grader
        self.seed = seed
        #: a generator with that seed
        self.rng = Rng()
        self.rng.manual_seed(seed)
        if np is not None:
            self.rng.numpy = np.random.default_rng(seed)
        #: where to train: "cpu" or "cuda", perhaps with a number
        self.device = training.device
        #: the data set that the ladder is for
        self.dataset: str = training.dataset
        #: how many examples to train with; None: all
        self.examples: int | None = training.table.get("examples")
        #: the last step of all runs
        self.end = start
        self._curve = training.curve
        self._start = start

    def report(self, step: int, **values: float) -> None:
        """Record how the training goes, as ``curve`` does; the runs follow one another. May be handed to students."""
        if not 0 <= int(step) <= 10**9:
            raise ValueError("a step from 0 to 10**9, please")
        if "result" in values:
            raise ValueError("another name, please: result is what the check itself has found")
        self.end = max(self.end, self._start + int(step))
        self._curve(self._start + int(step), **values)


class Training:
    """Checks a training: several runs, each with a seed of its own, and points for the mean of what they reach."""

    def __init__(self, item: pytest.Item, curve: Curve, seed: int) -> None:
        self.curve = curve
        self._item, self._seed = item, seed
        self._bench, self._kind = bench_of(item), kind_of(item)
        self.table = self._bench.terms.get(self._kind)
        if not self.table:
            raise LookupError(f"exercise.toml has no table [training.{self._kind}], and this test checks a training")
        self.device = self._bench.device if self._kind == "gpu" else "cpu"
        self.dataset = self.table.get("dataset") or self._bench.terms.get("dataset", "digits")
        self._ladder = Ladder(self.table["ladder"])
        self._values: list[float] = []
        self._end = 0

    def check(self, measure: Callable[[Run], float]) -> None:
        """Call ``measure`` with one ``Run`` after the other: it trains and returns what was reached on new data.

        Ends the test with the part of its points that the mean is worth, unless that is all. Where another data set
        stood in for the ladder's, one run says that the training works, and no points are given or refused.
        """
        while not self._values or self._wants_another():
            self._values.append(self._measure(measure))
        if stand_in := stand_in_of(self._item):
            text = self._worthless(*stand_in)
            _end_with(self._item, Credit(0.0, text, self._values), pytest.skip.Exception(text[language()]))
        points, most = self._ladder.points(self._mean()), self._ladder.rungs[-1][1]
        # In round numbers, so that 3 of 4 points are not 2.9999999999999996; and less than all stays less than all.
        share = 1.0 if points >= most else min(round(points / most, 6), 0.999999)
        credit = Credit(share, self._sentence(), self._values)
        self._item.stash[_CREDIT] = credit
        if credit.share < 1:
            _end_with(self._item, credit, Shortfall(credit.text))

    def _wants_another(self) -> bool:
        if stand_in_of(self._item):
            return False
        target, _ = self._ladder.target(self._mean())
        leads = [self._ladder.lead(value, target) for value in self._values]
        return self._bench.wants_another(self._kind, leads)

    def _measure(self, measure: Callable[[Run], float]) -> float:
        number = len(self._values) + 1
        run = Run(self, number, derive_seed(str(self._seed), f"run {number}"), self._end)
        seed_everything(run.seed)
        try:
            with self._bench.clock(float(self.table["budget_s"]), derive_seed(str(run.seed), "student")):
                value = measure(run)
        finally:
            if self._values:  # what was reached until then, should this run have no end
                self._item.stash[_CREDIT] = Credit(0.0, self._so_far(), self._values)
        if not isinstance(value, int | float) and not (type(value) is torch.Tensor and value.numel() == 1):
            raise TypeError(f"a training check needs a number, not {type(value).__name__}")
        self._end = run.end + 1
        self.curve(number, result=float(value))
        return float(value)

    def _mean(self) -> float:
        # fmean, unlike a sum in another order, gives 0.94 for runs that all reached 0.94.
        return statistics.fmean(self._values)

    def _summary(self, places: int = 3) -> dict[str, str]:
        """Mean, spread and number of the runs, in words."""
        count, mean = len(self._values), self._mean()
        key = "one_run" if count == 1 else "runs"
        spread = statistics.stdev(self._values) if count > 1 and math.isfinite(mean) else math.nan
        return _both(key, mean=f"{mean:.{places}f}", spread=f"{spread:.{places}f}", count=count)

    def _sentence(self) -> dict[str, str]:
        mean = self._mean()
        target, points = self._ladder.target(mean)
        # As many places as show on which side of the rung the mean lies.
        is_reached = self._ladder.lead(mean, target) >= 0
        places = next((n for n in range(3, 8) if (self._ladder.lead(round(mean, n), target) >= 0) == is_reached), 8)
        found = self._summary(places)
        key = "needed_for_one" if points == 1 else "needed"
        needed = _both(key, needed=f"{target:g}", points=f"{points:g}")
        return {tag: f"{found[tag]}; {needed[tag]}" for tag in found}

    def _worthless(self, wanted: str, used: str) -> dict[str, str]:
        found, texts = self._summary(), _SENTENCES["worthless"]
        return {tag: texts[tag].format(found=found[tag], wanted=wanted, used=used) for tag in found}

    def _so_far(self) -> dict[str, str]:
        found = self._summary()
        return {tag: text.format(found=found[tag]) for tag, text in _SENTENCES["until_then"].items()}


class Shortfall(AssertionError):
    """A test ends with a part of its points."""

    def __str__(self) -> str:
        return self.args[0][language()]


def _end_with(item: pytest.Item, credit: Credit, error: BaseException) -> NoReturn:
    __tracebackhide__ = True
    item.stash[_CREDIT] = credit._replace(error=error)
    raise error


def _both(key: str, **values: object) -> dict[str, str]:
    """A sentence in both languages; numbers that are texts get Portuguese's decimal comma."""
    commas = {name: value.replace(".", ",") if isinstance(value, str) else value for name, value in values.items()}
    texts = _SENTENCES[key]
    return {"en": texts["en"].format(**values), "pt-BR": texts["pt-BR"].format(**commas)}


@pytest.fixture
def training(request: pytest.FixtureRequest, curve: Curve, _seeded: int) -> Training:
    """Checks a training by the table [training] of exercise.toml, ``training.check(measure)``."""
    if kind_of(request.node) == "gpu" and not bench_of(request.node).has_gpu:
        pytest.skip(_say("no_gpu"))
    return Training(request.node, curve, _seeded)


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


class Unloaded(Exception):
    """The student's file cannot be loaded: none of its tests can be run."""

    def __init__(self, path: Path, error: BaseException) -> None:
        told = traceback.format_exception_only(error)[-1].strip()
        super().__init__(_say("unloaded").format(name=path.name, error=told))
        own = error.__traceback__
        while own is not None and own.tb_frame.f_code.co_filename != str(path):
            own = own.tb_next
        #: what happened, without the lines that lead to the student's
        self.account = "".join(traceback.format_exception(type(error), error, own))


@pytest.fixture(scope="module")
def student(request: pytest.FixtureRequest) -> ModuleType:
    """The student's module: ``test_sigmoid.py`` gets the ``sigmoid.py`` that lies beside it."""
    slug = request.path.stem.removeprefix("test_").removesuffix("_hidden")
    path = request.path.with_name(f"{slug}.py")
    try:
        return load_student(path)
    except (Exception, SystemExit) as error:
        raise Unloaded(path, error) from None


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


class Task:
    """One training: examples to learn from, and questions about images that the student's code sees without answers."""

    def __init__(
        self, dataset: str, images: torch.Tensor, labels: torch.Tensor, questions: torch.Tensor, answers: torch.Tensor
    ) -> None:
        #: the data set that it was drawn from: perhaps the smaller one that stands in for the one asked for
        self.dataset = dataset
        self.images, self.labels = images, labels
        self._questions, self._answers = questions, answers

    def accuracy(self, model: Callable[[torch.Tensor], torch.Tensor], batch: int = 500) -> float:
        """The share of questions for which the logits ``(n, classes)`` of a model are largest at the right class."""
        right = 0
        with torch.no_grad():
            for questions, answers in zip(self._questions.split(batch), self._answers.split(batch)):
                logits = model(questions.to(self.images.device, copy=True))
                assert isinstance(logits, torch.Tensor), "the model gives no tensor of logits"
                assert logits.ndim == 2 and len(logits) == len(answers), f"logits of shape {tuple(logits.shape)}"
                finite = logits.isfinite().all(1).cpu()
                right += int(((logits.argmax(1).cpu() == answers) & finite).sum())
        return right / len(self._answers)


_DATASETS = pytest.StashKey[dict[str, str]]()


def datasets_of(item: pytest.Item) -> dict[str, str]:
    """The data sets that a test has asked for, each with the one that it got."""
    return item.stash.setdefault(_DATASETS, {})


def stand_in_of(item: pytest.Item) -> tuple[str, str] | None:
    """A data set that a test has asked for, and the one that stood in for it; None: it got what it asked for."""
    return next(((wanted, used) for wanted, used in datasets_of(item).items() if wanted != used), None)


@pytest.fixture
def task(request: pytest.FixtureRequest, _seeded: int) -> Callable[..., Task]:
    """Draws a training: ``task("mnist", examples, questions, seed=run.seed, twin="digits")``.

    The classes are renamed and the images are drawn anew by each seed. ``twin`` names the data set that stands in where
    the one asked for is missing. The grader has a fixture of its own that knows more data sets, and turns images as
    ``turn`` says.
    """
    count = 0

    def draw(
        dataset: str, examples: int | None, questions: int, *, seed: int | None = None, twin: str = "", turn: str = ""
    ) -> Task:
        nonlocal count
        count += 1
        found = _read(dataset) or _read(twin)
        if found is None:
            pytest.skip(_say("no_data").format(name=dataset))
        datasets_of(request.node)[dataset] = found.name
        generator = torch.Generator()
        generator.manual_seed(derive_seed(str(_seeded), f"task {count}") if seed is None else seed)
        order = torch.randperm(len(found.labels), generator=generator)
        labels = torch.randperm(10, generator=generator)[found.labels]
        asked = order[: min(questions, len(order) // 3)]
        taught = order[len(order) // 3 :][:examples]
        return Task(found.name, found.images[taught], labels[taught], found.images[asked], labels[asked])

    return draw


def _read(name: str) -> Dataset | None:
    if name == "digits":
        return load_digits() if importlib.util.find_spec("sklearn") else None
    return load_mnist(Path(os.environ.get("GRADIENTE_DATA", "data"))) if name == "mnist" else None


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
    "no_data": {
        "en": "the data set {name} is not here; the grader has it",
        "pt-BR": "o conjunto de dados {name} não está aqui; o corretor o tem",
    },
    "no_gpu": {
        "en": "this test trains on a GPU, and there is none here",
        "pt-BR": "este teste treina em uma GPU, e aqui não há nenhuma",
    },
    "slow_run": {
        "en": "The training took longer than its {seconds:g} s.",
        "pt-BR": "O treinamento demorou mais que os seus {seconds:g} s.",
    },
    "runs": {"en": "{mean} ± {spread} over {count} runs", "pt-BR": "{mean} ± {spread} em {count} execuções"},
    "one_run": {"en": "{mean} in one run", "pt-BR": "{mean} em uma execução"},
    "needed": {
        "en": "{needed} is needed for {points} points.",
        "pt-BR": "é preciso {needed} para {points} pontos.",
    },
    "needed_for_one": {"en": "{needed} is needed for 1 point.", "pt-BR": "é preciso {needed} para 1 ponto."},
    "worthless": {
        "en": "{found} on {used}. It is worth no points and costs none: the levels are for {wanted}.",
        "pt-BR": "{found} com {used}. Não vale nem custa pontos: os níveis são para {wanted}.",
    },
    "until_then": {"en": "Until then: {found}.", "pt-BR": "Até então: {found}."},
    "unloaded": {
        "en": "{name} could not be loaded, so no test was run. {error}",
        "pt-BR": "Não foi possível carregar {name}, por isso nenhum teste foi executado. {error}",
    },
    "not_run": {"en": "not run", "pt-BR": "não executado"},
    "needs": {"en": "skipped: first make {name} pass", "pt-BR": "pulado: antes faça {name} passar"},
    "points": {"en": "{earned:g} of {total:g} points", "pt-BR": "{earned:g} de {total:g} pontos"},
    "partly": {
        "en": "partly: {earned:g} of {total:g} points",
        "pt-BR": "em parte: {earned:g} de {total:g} pontos",
    },
    "stand_in": {
        "en": "Ran on {used}, because {wanted} is not here.",
        "pt-BR": "Rodou com {used}, porque {wanted} não está aqui.",
    },
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
                held = pytest.skip.Exception(_say("needs").format(name=name))
                held.needs = name  # unlike a test that this host cannot run
                raise held


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    report.slug, report.function = slug_of(item.path), item.name.partition("[")[0]
    report.texts = read_texts(getattr(item.obj, "__doc__", None), item.name)
    report.points, report.credit = points_of(item), credit_of(item)
    report.stand_in = stand_in_of(item)
    report.share = _share(report, call)
    report.is_stub = call.excinfo is not None and call.excinfo.errisinstance(NotImplementedError)
    _tell_once(item, call, report)
    item.config.stash[_OUTCOMES].setdefault(item.nodeid, []).append(report)
    return report


_UNLOADED = pytest.StashKey[dict[str, str]]()


def _tell_once(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """What keeps all tests of a file from being run is told with the first of them, and without pytest's frames."""
    error = call.excinfo.value if call.excinfo is not None else None
    report.unloaded = str(error) if isinstance(error, Unloaded) else ""
    report.is_told = False
    if isinstance(error, Unloaded):
        first = item.config.stash.setdefault(_UNLOADED, {}).setdefault(report.slug, item.nodeid)
        report.is_told = first != item.nodeid
        report.longrepr = _say("not_run") if report.is_told else error.account


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Count tests that were not run apart from errors: pytest would repeat what is told already."""
    return ("not run", "E", "NOT RUN") if getattr(report, "is_told", False) else None


def _share(report: pytest.TestReport, call: pytest.CallInfo[None]) -> float:
    """The part of the points that a phase of a test leaves."""
    if report.passed or report.credit is None or call.excinfo is None:
        return float(report.passed)
    return report.credit.share if call.excinfo.value is report.credit.error else 0.0


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Close with one line per test, in the student's language, by exercise."""
    suites: dict[str, list[list[pytest.TestReport]]] = {}
    for reports in config.stash[_OUTCOMES].values():
        suites.setdefault(reports[0].slug, []).append(reports)
    for slug, tests in suites.items():
        earned = sum(reports[-1].points * min(report.share for report in reports) for reports in tests)
        total = sum(reports[-1].points for reports in tests)
        terminalreporter.section(f"{slug}: {_say('points').format(earned=earned, total=total)}", sep="-")
        if unloaded := tests[0][0].unloaded:
            terminalreporter.write_line(f" {unloaded}", red=True)
        for reports in tests:
            _write_test(terminalreporter, reports)
        terminalreporter.write_line(_say("public"))


def _write_test(terminalreporter, reports: list[pytest.TestReport]) -> None:
    chosen = language()
    texts = reports[0].texts
    passed = all(report.passed for report in reports)
    skipped = any(report.skipped for report in reports)
    credit = next((report.credit for report in reports if report.credit), None)
    total = reports[-1].points
    earned = total * min(report.share for report in reports)
    partly = not passed and earned > 0
    sign, colour = ("✓", "green") if passed else ("✗", "red")
    if skipped or partly:
        sign, colour = ("◐" if partly else "–", "yellow")
    line = f" {sign} {texts.title[chosen]}"
    if partly:
        line += f" ({_say('partly').format(earned=earned, total=total)})"
    if any(report.is_stub for report in reports):
        line += f" ({_say('stub')})"
    if reports[0].unloaded:
        line += f" ({_say('not_run')})"
    terminalreporter.write_line(line, **{colour: True})
    if reports[-1].stand_in:
        wanted, used = reports[-1].stand_in
        terminalreporter.write_line("     " + _say("stand_in").format(wanted=wanted, used=used))
    if credit:
        terminalreporter.write_line(f"     {credit.text[chosen]}")
    if skipped and not credit:
        reason = next(report.longrepr for report in reports if report.skipped)
        terminalreporter.write_line(f"     {reason[2] if isinstance(reason, tuple) else reason}")
    elif not passed and not reports[0].unloaded and texts.hint[chosen]:
        terminalreporter.write_line("     " + _say("hint").format(text=texts.hint[chosen]))
