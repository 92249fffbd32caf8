"""One attack as its file tells it: the class, what it tries, what it must get, and how a control shows that it works.

The first lines of a file (of the exercise's own file in a folder) are comments of the form ``# key: value``:

    class     numbers in the list of classes (classes.toml) and the class in words
    tries     what it does
    must get  ``0 points``: at most so many; ``exactly 2 points``: an honest part that must not be lost
    control   ``plain: EVIDENCE`` against plain pytest, ``cold: EVIDENCE`` likewise in a fresh interpreter, or
              ``custom: NAME`` for the function ``control_NAME`` of test_controls.py
    target    the exercise (vault), upload (``built``: the file's own ``upload()`` makes what is handed in), within
              (seconds that the grading may take), times (gradings in a row), beside (what runs at the same time),
              seed, says (which cry of its own is harmless), and ``too dangerous without``: ``LAYER: why``
"""

from __future__ import annotations

import importlib.util
import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from grader.submission import Upload

TARGETS = ("vault", "ban", "learner")


@dataclass(frozen=True)
class Case:
    """One attack."""

    path: Path
    fields: dict[str, str]

    @property
    def name(self) -> str:
        """What its file is called, without ``.py``."""
        return self.path.stem if self.path.is_file() else self.path.name

    @property
    def classes(self) -> list[int]:
        """The classes that it belongs to."""
        numbers = self.fields.get("class", "").partition(",")[0]
        return [int(number) for number in re.findall(r"\d+", numbers)]

    @property
    def target(self) -> str:
        """The exercise that it is handed in for."""
        return self.fields.get("target", "vault")

    @property
    def points(self) -> float:
        """How many points it may get."""
        return float(self.fields["must get"].removeprefix("exactly ").split()[0])

    @property
    def is_exact(self) -> bool:
        """Whether it must get these points: an honest part has earned them."""
        return self.fields["must get"].startswith("exactly")

    @property
    def seconds(self) -> float:
        """How long its grading may take."""
        return float(self.fields.get("within", "20 s").split()[0])

    @property
    def times(self) -> int:
        """How often it is graded in a row."""
        return int(self.fields.get("times", 1))

    def danger(self, without: frozenset[str]) -> str:
        """Why it is not run where these layers are missing; empty: it is."""
        layer, _, reason = self.fields.get("too dangerous without", "").partition(": ")
        return reason if layer in without else ""

    def files(self) -> dict[str, bytes]:
        """What is handed in, by name below the submission's folder."""
        if self.path.is_file():
            return {f"{self.target}.py": self.path.read_bytes()}
        found = (path for path in sorted(self.path.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
        return {path.relative_to(self.path).as_posix(): path.read_bytes() for path in found}

    def upload(self) -> Upload:
        """The attack as it comes over the web."""
        if self.fields.get("upload") == "built":
            return Upload(*self.module().upload())
        files = self.files()
        if self.path.is_file():
            return Upload(f"{self.target}.py", files[f"{self.target}.py"])
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return Upload(f"{self.target}.zip", packed.getvalue())

    def module(self) -> ModuleType:
        """The attack's own file, imported here: only for those that do nothing until they are called."""
        spec = importlib.util.spec_from_file_location(f"attack_{self.name}", self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def read_case(path: Path) -> Case:
    """Read the head of one attack."""
    main = path if path.is_file() else next(path / f"{name}.py" for name in TARGETS if (path / f"{name}.py").exists())
    fields = {}
    for line in main.read_text(encoding="utf-8").splitlines():
        if not line.startswith("# "):
            break
        key, _, value = line.removeprefix("# ").partition(": ")
        fields[key] = value
    return Case(path, fields)
