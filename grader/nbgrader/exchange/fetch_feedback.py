"""``nbgrader fetch_feedback``."""

from __future__ import annotations

from typing import Any

from nbgrader.exchange import abc

from grader.nbgrader.exchange.base import Exchange, timestamp
from grader.nbgrader.exchange.folder import unpack

FEEDBACK = "feedback"


class ExchangeFetchFeedback(Exchange, abc.ExchangeFetchFeedback):
    """Fetches the feedback on one's own submissions: ps1/feedback/<time of the submission>/p1.html."""

    def init_src(self) -> None:
        """Ask which submissions have feedback."""
        # Without a course that is there for them, nobody would be told so.
        self.portal.released(self.course)
        self.found = [
            each
            for each in self.portal.own(course=self.course)
            if self.is_asked_for(assignment=each["assignment"], student=each["login"])
        ]

    def init_dest(self) -> None:
        """Nothing: each submission has a folder."""

    def copy_files(self) -> None:
        """Fetch one after the other."""
        for entry in self.found:
            when = f"{self.course}/{entry['assignment']} {timestamp(entry)}"
            if entry["feedback"] is None:
                self.warn(f"Could not find feedback for {when}", f"Ainda não há feedback de {when}")
                continue
            for path in self.fetch(entry):
                self.say(f"Fetched feedback: {path}", f"Feedback baixado: {path}")

    def fetch(self, entry: dict[str, Any]) -> list[str]:
        """Write the pages of one submission, also over older ones."""
        folder = self.work_folder(self.course, entry["assignment"]) / FEEDBACK / timestamp(entry)
        folder.mkdir(parents=True, exist_ok=True)
        files = unpack(self.portal.fetch_feedback(entry))
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return [str(folder / name) for name in files]
