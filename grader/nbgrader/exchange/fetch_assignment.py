"""``nbgrader fetch_assignment``."""

from __future__ import annotations

from nbgrader.exchange import abc

from grader.nbgrader.exchange.base import Exchange
from grader.nbgrader.exchange.folder import place, unpack, write


class ExchangeFetchAssignment(Exchange, abc.ExchangeFetchAssignment):
    """Fetches what is released, into a folder to work in."""

    def init_src(self) -> None:
        """Ask what is released."""
        self.release = self.portal.show(self.course, self.assignment)

    def init_dest(self) -> None:
        """Find the folder to work in."""
        self.dest_path = self.work_folder(self.course, self.assignment)
        if self.dest_path.is_dir() and not self.replace_missing_files:
            self.refuse(
                f"You already have a copy of the assignment in this directory: {self.dest_path}. "
                "With --replace, files that are missing there are fetched again.",
                f"Você já tem uma cópia da tarefa nesta pasta: {self.dest_path}. "
                "Com --replace, os arquivos que faltam são baixados de novo.",
            )

    def copy_files(self) -> None:
        """Write it, or what is missing of it."""
        files = unpack(self.portal.fetch(self.course, self.release), self.coursedir.ignore)
        # Another program may have fetched it meanwhile; then what it lacks is added.
        if self.dest_path.is_dir() or not place(files, self.dest_path):
            for name in write(files, self.dest_path):
                self.warn(f"Replacing missing file '{name}'", f"Arquivo que faltava: '{name}'")
        self.say(
            f"Fetched as: {self.course} {self.assignment} {self.dest_path}",
            f"Baixada como: {self.course} {self.assignment} {self.dest_path}",
        )
