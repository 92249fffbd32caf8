"""``nbgrader release_assignment``."""

from __future__ import annotations

from pathlib import Path

from nbgrader.exchange import abc

from grader.client import Refused
from grader.nbgrader.exchange.base import Exchange

CONFLICT = 409


class ExchangeReleaseAssignment(Exchange, abc.ExchangeReleaseAssignment):
    """Releases what ``nbgrader generate_assignment`` made."""

    def init_src(self) -> None:
        """Find the folder."""
        name = self.coursedir.assignment_id
        self.src_path = Path(self.coursedir.format_path(self.coursedir.release_directory, ".", name))
        source = Path(self.coursedir.format_path(self.coursedir.source_directory, ".", name))
        if self.src_path.is_dir():
            return
        if source.is_dir():
            self.refuse(
                f"Assignment found in '{source}' but not '{self.src_path}', run `nbgrader generate_assignment` first.",
                f"Há '{source}', mas não '{self.src_path}': execute antes `nbgrader generate_assignment`.",
            )
        self.refuse_folder()

    def init_dest(self) -> None:
        """Check the course's name."""
        self.dest_path = f"{self.course}/{self.assignment}"

    def copy_files(self) -> None:
        """Send it."""
        content = self.pack(self.src_path)
        try:
            done = self.portal.release(self.course, self.assignment, content, self.force)
        except Refused as error:
            if error.status != CONFLICT:
                raise
            self.refuse(
                f"Destination already exists, add --force to overwrite: {self.course} {self.assignment}. {error}",
                f"Já existe; para publicar por cima, acrescente --force: {self.course} {self.assignment}. {error}",
            )
        version = done["version"]
        self.say(
            f"Released as: {self.course} {self.assignment} (version {version})",
            f"Publicada como: {self.course} {self.assignment} (versão {version})",
        )
