"""Every setting: a default, a line of ``gradiente.toml``, or a ``GRADIENTE_*`` variable, in rising order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from grader.errors import InfrastructureError

FILE = "gradiente.toml"
PREFIX = "GRADIENTE_"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an operator may set. ``gradiente doctor`` lists the values in force and where they come from."""

    #: folder of exercises; empty: ./exercises, else that of the checkout
    exercises: str = ""
    #: folder of solutions; empty: beside the exercises
    solutions: str = ""
    #: folder of data sets
    data: str = "data"
    #: folder of the portal: database, uploads, keys
    instance: str = "instance"
    #: gradings at the same time; 0: one per processor
    jobs: int = 0
    #: address that the portal listens on
    host: str = "127.0.0.1"
    #: port that the portal listens on
    port: int = 8000
    #: language of the command line: en or pt-BR; empty: that of the system
    lang: str = ""

    @property
    def workers(self) -> int:
        """Gradings at the same time."""
        return self.jobs or os.cpu_count() or 1


def load_settings(environment: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read the settings. Raises InfrastructureError that names the file or the variable at fault."""
    return msgspec.convert({key: value for key, (value, _) in explain_settings(environment, folder).items()}, Settings)


def explain_settings(
    environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> dict[str, tuple[Any, str]]:
    """Each setting's value and where it comes from: ``default``, a file or a variable."""
    variables = os.environ if environment is None else environment
    path = Path(variables.get(f"{PREFIX}CONFIG") or (folder or Path.cwd()) / FILE)
    from_file = _read_file(path)
    found: dict[str, tuple[Any, str]] = {}
    for field in msgspec.structs.fields(Settings):
        variable = f"{PREFIX}{field.name.upper()}"
        if variables.get(variable):
            found[field.name] = (_convert(variables[variable], field.type, variable), variable)
        elif field.name in from_file:
            found[field.name] = (_convert(from_file[field.name], field.type, f"{path}: {field.name}"), str(path))
        else:
            found[field.name] = (field.default, "default")
    return found


def _read_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InfrastructureError(f"{path}: {error}. Mend the file.") from error
    known = {field.name for field in msgspec.structs.fields(Settings)}
    unknown = sorted(set(content) - known)
    if unknown:
        raise InfrastructureError(f"{path}: unknown setting {unknown[0]!r}. Known: {', '.join(sorted(known))}.")
    return content


def _convert(value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InfrastructureError(f"{where} is {value!r}: {error}. Mend the value.") from error
