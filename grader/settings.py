"""Every setting: a default, a line of ``gradiente.toml``, or a ``GRADIENTE_*`` variable, in rising order.

A variable with ``_FILE`` at its end names a file that holds the value: passwords are seen in a process's variables by
more people than should know them.
"""

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
#: the end of a variable that names a file in place of a value
FROM_FILE = "_FILE"
#: the portal's settings: ``server.settings``
TABLE = "portal"


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
    #: GPUs that may be used: all, none, or numbers and UUIDs such as 0,2
    gpus: str = "all"
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
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    kind: type[msgspec.Struct] = Settings,
    table: str = "",
) -> dict[str, tuple[Any, str]]:
    """Each setting's value and where it comes from: ``default``, a file, a variable, or one with the file it names.

    Those of a part that has a struct of its own, such as the portal, stand in a table of the file, and their variables
    carry the table's name: ``[portal] language`` and ``GRADIENTE_PORTAL_LANGUAGE``.
    """
    variables = os.environ if environment is None else environment
    path = Path(variables.get(f"{PREFIX}CONFIG") or (folder or Path.cwd()) / FILE)
    names = {field.name: field for field in msgspec.structs.fields(kind)}
    from_file = _read_table(path, table, set(names))
    prefix = f"{PREFIX}{table.upper()}_" if table else PREFIX
    found: dict[str, tuple[Any, str]] = {}
    for name, field in names.items():
        variable = f"{prefix}{name.upper()}"
        if told := _read_variable(variables, variable):
            value, source = told
            found[name] = (_convert(value, field.type, source), source)
        elif name in from_file:
            found[name] = (_convert(from_file[name], field.type, f"{path}: {name}"), str(path))
        else:
            found[name] = (field.default, "default")
    return found


def _read_variable(variables: Mapping[str, str], variable: str) -> tuple[str, str] | None:
    """What a variable says, or the file that it names, and which of the two; None: neither is set."""
    value, name = variables.get(variable), variables.get(variable + FROM_FILE)
    if not name:
        return (value, variable) if value else None
    if value:
        raise InfrastructureError(
            f"Both {variable} and {variable}{FROM_FILE} are set. Keep one of them.",
            f"{variable} e {variable}{FROM_FILE} estão definidas. Mantenha só uma delas.",
        )
    source = f"{variable}{FROM_FILE}: {name}"
    try:
        # The line's end that editors and echo put there is no part of it.
        content = Path(name).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InfrastructureError(
            f"{source} cannot be read: {reason}. Name a file that this user may read, with the value alone in it.",
            f"{source} não pode ser lido: {reason}. Indique um arquivo que este usuário possa ler, só com o valor.",
        ) from error
    if not content:
        raise InfrastructureError(
            f"{source} is empty. Write the value into it, or leave the variable out.",
            f"{source} está vazio. Escreva nele o valor ou retire a variável.",
        )
    return content, source


def _read_table(path: Path, table: str, known: set[str]) -> dict[str, Any]:
    """The lines of a table of the file, or those above all tables."""
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InfrastructureError(f"{path}: {error}. Mend the file.") from error
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    if unknown := sorted(set(tables) - {TABLE}):
        raise InfrastructureError(f"{path}: unknown table {unknown[0]!r}. Known: {TABLE}.")
    found = tables.get(table, {}) if table else {key: content[key] for key in content.keys() - tables.keys()}
    if unknown := sorted(set(found) - known):
        raise InfrastructureError(f"{path}: unknown setting {unknown[0]!r}. Known: {', '.join(sorted(known))}.")
    return found


def _convert(value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InfrastructureError(f"{where} is {value!r}: {error}. Mend the value.") from error
