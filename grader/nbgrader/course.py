"""Starts a course directory for nbgrader."""

from __future__ import annotations

from pathlib import Path

from grader.errors import SubmissionError

CONFIG, SOURCE = "nbgrader_config.py", "source"

_TEMPLATE = {
    "en": """\
# nbgrader's settings for this course, as `gradiente nbgrader init` wrote them. Change what you like.
from grader.nbgrader.config import configure

c = get_config()  # noqa: F821 (nbgrader brings it)
configure(c, {arguments})

# Whatever you set from here on counts. For example:
# c.Execute.timeout = 900  # seconds for one cell
""",
    "pt-BR": """\
# Configuração do nbgrader para este curso, como `gradiente nbgrader init` a escreveu. Mude o que quiser.
from grader.nbgrader.config import configure

c = get_config()  # noqa: F821 (vem do nbgrader)
configure(c, {arguments})

# O que você definir daqui em diante vale. Por exemplo:
# c.Execute.timeout = 900  # segundos para uma célula
""",
}


def start_course(folder: Path, course: str, url: str, language: str) -> list[Path]:
    """Write the settings and the folder of sources; return their paths. Raises SubmissionError for what is there."""
    config, source = folder / CONFIG, folder / SOURCE
    for path in (config, source):
        if path.exists():
            raise SubmissionError(
                f"{path} is there already, and nothing is written over it. Choose another folder, or go on in this "
                f"one: gradiente nbgrader export SLUG --to {source}",
                f"{path} já existe, e nada é escrito por cima. Escolha outra pasta, ou continue nesta: "
                f"gradiente nbgrader export SLUG --to {source}",
            )
    if folder.exists() and not folder.is_dir():
        raise SubmissionError(
            f"{folder} is a file. Name a folder for the course.", f"{folder} é um arquivo. Indique uma pasta."
        )
    values = {"course": course, "url": url, "language": language}
    arguments = ", ".join(f"{name}={value!r}" for name, value in values.items() if value)
    source.mkdir(parents=True)
    config.write_text(_TEMPLATE[language].format(arguments=arguments), encoding="utf-8")
    return [config, source]


def find_source(folder: Path) -> Path:
    """The folder of sources of a course directory, or the folder itself where it is none."""
    return folder / SOURCE if (folder / CONFIG).is_file() else folder
