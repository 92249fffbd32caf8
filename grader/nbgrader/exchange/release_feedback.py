"""``nbgrader release_feedback``."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path

from nbgrader.exchange import abc

from grader.client import Refused
from grader.nbgrader.exchange.base import Exchange
from grader.nbgrader.exchange.collect import ID
from grader.nbgrader.exchange.folder import pack_files


class ExchangeReleaseFeedback(Exchange, abc.ExchangeReleaseFeedback):
    """Releases what ``nbgrader generate_feedback`` made, each to the submission that it is about."""

    def init_src(self) -> None:
        """Find the students' folders."""
        step, name = self.coursedir.feedback_directory, self.coursedir.assignment_id
        shape, root = self.coursedir.directory_structure, self.coursedir.root
        wanted = {"nbgrader_step": step, "student_id": self.coursedir.student_id or "*"}
        pattern = shape.format(**wanted, assignment_id=glob.escape(name))
        regex = re.compile(self.coursedir.format_path(step, r"(?P<student>[^/\\]*)", re.escape(name), escape=True))
        left_out = set(self.coursedir.student_id_exclude.split(","))
        self.folders = {}
        for folder in sorted(os.path.join(root, each) for each in glob.glob(pattern, root_dir=root)):
            match = regex.fullmatch(folder)
            if match and match["student"] not in left_out:
                self.folders[match["student"]] = Path(folder)

    def init_dest(self) -> None:
        """Check the course's name."""
        self.dest_path = f"{self.course}/{self.assignment}"

    def copy_files(self) -> None:
        """Send one after the other; one that fails does not keep the others."""
        if not self.folders:
            self.warn(
                f"No feedback on '{self.assignment}'. Run `nbgrader generate_feedback` first.",
                f"Não há feedback de '{self.assignment}'. Execute antes `nbgrader generate_feedback`.",
            )
        failed = [student for student, folder in self.folders.items() if not self.release(student, folder)]
        if failed:
            self.refuse(
                f"Feedback was not released to: {', '.join(failed)}.",
                f"O feedback não foi publicado para: {', '.join(failed)}.",
            )

    def release(self, student: str, folder: Path) -> bool:
        """Release the feedback of one student; False: that failed, and it was said why."""
        pages = {path.name: path.read_bytes() for path in sorted(folder.glob("*.html"))}
        if not pages:
            return True
        id = self.find(student, folder)
        if not id:
            return False
        try:
            self.portal.release_feedback(self.course, id, pack_files(pages))
        except Refused as error:
            self.log.error("%s: %s", student, error)
            return False
        self.say(
            f"Releasing feedback for student '{student}' on assignment '{self.course}/{self.assignment}'",
            f"Feedback publicado para '{student}', tarefa '{self.course}/{self.assignment}'",
        )
        return True

    def find(self, student: str, folder: Path) -> str:
        """Which submission it is about; empty: it did not come through this exchange."""
        path = folder / ID
        if path.is_file():
            return path.read_text(encoding="utf-8").strip()
        self.log.error(
            self.pick(
                f"{student}: {path} is missing, so it is not known which submission this feedback is about. It comes "
                "with `nbgrader collect`, and goes on with `autograde` and `generate_feedback`.",
                f"{student}: falta {path}, e assim não se sabe de que entrega é este feedback. O arquivo vem com "
                "`nbgrader collect` e segue com `autograde` e `generate_feedback`.",
            )
        )
        return ""
