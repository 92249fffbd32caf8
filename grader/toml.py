"""Reads TOML files that people write, and says what is wrong with one: where, what was found, what is expected."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TypeVar, get_args

import msgspec

from grader.report import LANGUAGES, Text

Found = TypeVar("Found", bound=msgspec.Struct)

_WRONG_KIND = re.compile(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `(?:key in )?([^`]*)`)?")
_KEY = re.compile(r"Object (missing required|contains unknown) field `([^`]+)`(?: - at `([^`]*)`)?")

_PLACE = re.compile(r" - at `(?:key in )?([^`]*)`$")

#: The kinds of TOML values, as their authors call them.
_KINDS = {
    "str": ("a text in quotes", "um texto entre aspas"),
    "int": ("a whole number", "um número inteiro"),
    "float": ("a number", "um número"),
    "bool": ("true or false", "true ou false"),
    "array": ("a list in [ ]", "uma lista entre [ ]"),
    "object": ("a table", "uma tabela"),
}


class Unreadable(Exception):
    """A file that cannot be used; ``text`` says why, in every language, without the path."""

    def __init__(self, english: str, portuguese: str) -> None:
        super().__init__(english)
        self.text: Text = {"en": english, "pt-BR": portuguese}


class Wrong(ValueError):
    """What a struct finds wrong with its own values; ``text`` says why in every language, without the table."""

    def __init__(self, text: Text) -> None:
        super().__init__(text["en"])
        self.text = text


def read_toml(path: Path, kind: type[Found]) -> Found:
    """Read a file into a struct. Raises Unreadable."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except FileNotFoundError as error:
        raise Unreadable("the file is missing", "o arquivo não existe") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unreadable(f"the file cannot be read ({reason})", f"não é possível ler o arquivo ({reason})") from error
    except UnicodeDecodeError as error:
        raise Unreadable("the file is not a text in UTF-8", "o arquivo não é um texto em UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"this is not TOML: {error}", f"isto não é TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise _unreadable(error, kind) from error


def _unreadable(error: msgspec.ValidationError, kind: type[msgspec.Struct]) -> Unreadable:
    cause = error.__cause__
    if isinstance(cause, Wrong):
        place = _PLACE.search(str(error))
        table = f"{_key(place[1])}: " if place else ""
        return Unreadable(*(f"{table}{cause.text[language]}" for language in LANGUAGES))
    return Unreadable(*_explain(str(error), kind))


def _explain(error: str, kind: type[msgspec.Struct]) -> tuple[str, str]:
    """What a validation error says, in both languages, with the names of a TOML file in place of msgspec's."""
    if found := _WRONG_KIND.fullmatch(error):
        key = _key(found[3] or "")
        (wanted, pedido), (got, achado) = _name(found[1]), _name(found[2])
        return f"{key} must be {wanted}; found {got}", f"{key} deve ser {pedido}; encontrado: {achado}"
    if found := _KEY.fullmatch(error):
        table = _key(found[3] or "")
        key = f"{table}.{found[2]}" if table else found[2]
        if found[1] == "missing required":
            return f"the key {key} is missing", f"falta a chave {key}"
        known = ", ".join(_struct_at(table, kind).__struct_fields__)
        return (
            f"found the key {key}, which means nothing; expected {known}",
            f"encontrada a chave {key}, que não significa nada; esperadas: {known}",
        )
    return error, error


def _name(kinds: str) -> tuple[str, str]:
    """The kinds of a message, such as ``str | int``, in words."""
    names = [_KINDS.get(kind, (kind, kind)) for kind in kinds.split(" | ")]
    return " or ".join(name[0] for name in names), " ou ".join(name[1] for name in names)


def _key(path: str) -> str:
    """``$.limits.seconds`` as an author would write it."""
    return path.removeprefix("$").removeprefix(".")


def _struct_at(table: str, kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """The struct that a table of the file is read into."""
    for part in table.split(".") if table else []:
        inner = next((field.type for field in msgspec.structs.fields(kind) if field.encode_name == part), None)
        # A table that need not be there is typed as "struct or None".
        kinds = [each for each in (inner, *get_args(inner)) if isinstance(each, type)]
        kind = next((each for each in kinds if issubclass(each, msgspec.Struct)), kind)
    return kind
