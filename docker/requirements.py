"""Prints what pyproject.toml asks for, one requirement a line, for an image that needs not all of it.

requirements.py --extras postgres,portal --without torch,torchvision
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

_OWN = re.compile(r"gradiente\[([\w,]+)\]")


def name_of(requirement: str) -> str:
    """The name of the package that a requirement asks for."""
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None, requirement
    return found[0].lower()


def requirements(project: Path, extras: list[str], without: list[str]) -> Iterator[str]:
    """What the project and its extras ask for, but for those packages. Raises KeyError for an unknown extra."""
    known = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
    wanted, waiting = list(known["dependencies"]), list(extras)
    while waiting:
        for requirement in known["optional-dependencies"][waiting.pop()]:
            own = _OWN.match(requirement)
            (waiting.extend(own[1].split(",")) if own else wanted.append(requirement))
    names = [name_of(each) for each in wanted]
    if unknown := sorted(set(without) - set(names)):
        raise KeyError(f"{project} does not ask for {', '.join(unknown)}")
    yield from sorted({each for each, name in zip(wanted, names, strict=True) if name not in without})


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=Path("pyproject.toml"))
    for option in ("--extras", "--without"):
        parser.add_argument(option, default=[], type=lambda text: [each for each in text.split(",") if each])
    chosen = parser.parse_args()
    print("\n".join(requirements(chosen.project, chosen.extras, chosen.without)))


if __name__ == "__main__":
    main()
