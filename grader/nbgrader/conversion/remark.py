"""What an instructor still has to do after an import, besides the cells that were not turned."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator

from grader.exercise import READMES
from grader.nbgrader.conversion.readme import pictures
from grader.nbgrader.conversion.source import Role, SourceNotebook, data_files
from grader.nbgrader.conversion.turn import Outcome, Turned
from grader.report import Text


def remark(notebook: SourceNotebook, turned: Turned, language: str) -> Iterator[Text]:
    """What concerns the whole exercise."""
    tree = ast.parse(turned.module.reference)
    missing = ", ".join(sorted(_missing_modules(tree)))
    if missing:
        yield {
            "en": f"the student's file imports {missing}, which is not installed here",
            "pt-BR": f"o arquivo do estudante importa {missing}, que não está instalado aqui",
        }
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    read = ", ".join(name for name, _ in data_files(notebook) if name in texts or f"./{name}" in texts)
    if read:
        yield {
            "en": f"the student's file reads {read}: in the sandbox it has no files; hand the data in as an argument",
            "pt-BR": f"o arquivo do estudante lê {read}: na sandbox não há arquivos; passe os dados como argumento",
        }
    other = next(name for tag, name in READMES.items() if tag != language)
    yield {
        "en": f"to be translated: {other}, and the titles of tests (“pt:” in their docstrings)",
        "pt-BR": f"a traduzir: {other} e os títulos dos testes (“pt:” nas docstrings)",
    }


def _missing_modules(tree: ast.Module) -> set[str]:
    """The modules that a file imports and that are not installed here."""
    found = set()
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        found |= {name.partition(".")[0] for name in names}
    return {name for name in found if importlib.util.find_spec(name) is None}


def about_pictures(notebook: SourceNotebook) -> Iterator[Outcome]:
    """The texts that lose a picture."""
    for cell in notebook.cells:
        shown = ", ".join(pictures(cell)) if cell.role is Role.TEXT else ""
        if shown:
            why = {
                "en": f"shows {shown}: statements hold no pictures; put it where a link can lead to it",
                "pt-BR": f"mostra {shown}: enunciados não têm imagens; ponha-a onde um link possa levar a ela",
            }
            yield Outcome(cell.number, cell.grade_id, Role.TEXT, why=why)
