"""``nbgrader submit``."""

from __future__ import annotations

import os
from pathlib import Path

from nbgrader.exchange import abc
from nbgrader.utils import find_all_notebooks

from grader.nbgrader.exchange.base import Exchange, timestamp


class ExchangeSubmit(Exchange, abc.ExchangeSubmit):
    """Hands a folder in."""

    def init_src(self) -> None:
        """Find the folder."""
        folder = self.work_folder(self.coursedir.course_id, self.coursedir.assignment_id)
        self.src_path = Path(os.path.abspath(folder))
        # Whoever lets the shell complete the name adds a slash.
        self.coursedir.assignment_id = self.src_path.name
        if not self.src_path.is_dir():
            self.refuse_folder()

    def init_dest(self) -> None:
        """Ask what is released. Nobody hands in for somebody else: the portal knows who has the token."""
        self.release = self.portal.show(self.course, self.assignment)
        if self.coursedir.student_id not in ("", "*"):
            login = self.portal.me()["login"]
            if self.coursedir.student_id != login:
                self.refuse(
                    f"You are {login!r} on the portal and cannot submit as {self.coursedir.student_id!r}.",
                    f"No portal você é {login!r} e não pode entregar como {self.coursedir.student_id!r}.",
                )

    def copy_files(self) -> None:
        """Send it."""
        self.compare(self.release["notebooks"], [os.fspath(each) for each in find_all_notebooks(self.src_path)])
        received = self.portal.hand_in(self.course, self.assignment, self.pack(self.src_path))
        when = timestamp(received)
        self.say(
            f"Submitted as: {self.course} {self.assignment} {when}",
            f"Entregue como: {self.course} {self.assignment} {when}",
        )

    def compare(self, released: list[str], submitted: list[str]) -> None:
        """Warn about notebooks that are missing or new; with ``strict``, refuse those that are missing."""
        missing = [name for name in released if name not in submitted]
        extra = [name for name in submitted if name not in released]
        if not missing and not extra:
            return
        lists = ", ".join(missing) or "–", ", ".join(extra) or "–"
        if missing and self.strict:
            self.refuse(
                f"Assignment {self.assignment} not submitted. There are missing notebooks for the submission: "
                f"{lists[0]}. Fetch them again with `nbgrader fetch_assignment --replace {self.assignment}`.",
                f"A tarefa {self.assignment} não foi entregue. Faltam notebooks: {lists[0]}. Baixe-os de novo com "
                f"`nbgrader fetch_assignment --replace {self.assignment}`.",
            )
        self.warn(
            f"Possible missing notebooks and/or extra notebooks submitted for assignment {self.assignment}. "
            f"Missing: {lists[0]}. Extra: {lists[1]}.",
            f"Na entrega da tarefa {self.assignment} pode haver notebooks a menos ou a mais. "
            f"A menos: {lists[0]}. A mais: {lists[1]}.",
        )
