"""One attack as its file tells it: the class, what it tries, what it must get, and how a control shows that it works.

The first lines of a file (of the exercise's own file in a folder) are comments of the form ``# key: value``:

    class     number in the list of classes and the class in words
    tries     what it does
    must get  ``0 points``: at most so many; ``exactly 2 points``: an honest part that must not be lost
    control   ``plain: EVIDENCE`` against plain pytest, ``cold: EVIDENCE`` likewise in a fresh interpreter, or
              ``custom: NAME`` for the function ``control_NAME`` of test_controls.py
    target    the exercise (vault), upload (``built``: the file's own ``upload()`` makes what is handed in), within
              (seconds that the grading may take), times (gradings in a row), beside (what runs at the same time), seed
"""

from __future__ import annotations

import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from grader.submission import Upload

FOLDER = Path(__file__).with_name("submissions")


@dataclass(frozen=True)
class Case:
    """One attack."""

    path: Path
    fields: dict[str, str]

    @property
    def name(self) -> str:
        return self.path.stem if self.path.is_file() else self.path.name

    @property
    def target(self) -> str:
        return self.fields.get("target", "vault")

    @property
    def points(self) -> float:
        return float(self.fields["must get"].removeprefix("exactly ").split()[0])

    @property
    def is_exact(self) -> bool:
        return self.fields["must get"].startswith("exactly")

    @property
    def seconds(self) -> float:
        return float(self.fields.get("within", "20 s").split()[0])

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
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def read_case(path: Path) -> Case:
    """Read the head of one attack."""
    main = (
        path
        if path.is_file()
        else next(path / f"{name}.py" for name in ("vault", "ban", "learner") if (path / f"{name}.py").exists())
    )
    fields = {}
    for line in main.read_text().splitlines():
        if not line.startswith("# "):
            break
        key, _, value = line.removeprefix("# ").partition(": ")
        fields[key] = value
    return Case(path, fields)


CASES = [read_case(path) for path in sorted(FOLDER.iterdir()) if path.name != "__pycache__"]
