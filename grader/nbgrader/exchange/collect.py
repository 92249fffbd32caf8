"""``nbgrader collect``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import abc

from grader.errors import SubmissionError
from grader.nbgrader.exchange.base import Exchange, moment, timestamp
from grader.nbgrader.exchange.folder import place, unpack

TIMESTAMP, ID = OURS = "timestamp.txt", "submission_id.txt"


class ExchangeCollect(Exchange, abc.ExchangeCollect):
    """Collects the last submission of each student. The portal knows who handed in: no owner needs to be checked."""

    def init_src(self) -> None:
        """Ask what was handed in."""
        until = self.duedate() if self.before_duedate else None
        found = self.portal.last(self.course, self.assignment, until)
        self.src_records = [each for each in found if self.is_asked_for(student=each["login"])]

    def duedate(self) -> datetime | None:
        """The due date in the gradebook; None: there is none."""
        with Gradebook(self.coursedir.db_url, self.course) as gradebook:
            try:
                found: datetime | None = gradebook.find_assignment(self.assignment).duedate
            except MissingEntry:
                return None
        # nbgrader's moments are in UTC, without saying so.
        return found.replace(tzinfo=UTC) if found else None

    def init_dest(self) -> None:
        """Nothing: each student has a folder."""

    def copy_files(self) -> None:
        """Collect one after the other."""
        count = len(self.src_records)
        if not count:
            self.warn(
                f"No submissions of '{self.assignment}' for course '{self.course}' to collect",
                f"Nenhuma entrega de '{self.assignment}' no curso '{self.course}'",
            )
            return
        self.say(
            f"Processing {count} submissions of '{self.assignment}' for course '{self.course}'",
            f"Entregas de '{self.assignment}' no curso '{self.course}': {count}",
        )
        failed = [record["login"] for record in self.src_records if not self.try_to_collect(record)]
        if failed:
            self.refuse(f"Not collected: {', '.join(failed)}.", f"Não recolhidas: {', '.join(failed)}.")

    def try_to_collect(self, record: dict[str, Any]) -> bool:
        """Collect one submission; False: it cannot be unpacked here, and it was said why. The others can."""
        try:
            self.collect(record)
        except SubmissionError as error:
            self.log.error("%s: %s", record["login"], self.pick(error.text["en"], error.text["pt-BR"]))
            return False
        except OSError as error:
            self.log.error("%s: %s: %s", record["login"], error.filename, error.strerror)
            return False
        return True

    def collect(self, record: dict[str, Any]) -> None:
        """Collect one submission, unless it is there already."""
        who = f"{record['login']} {self.assignment}"
        folder = self.coursedir.submitted_directory
        dest = Path(self.coursedir.format_path(folder, record["login"], self.coursedir.assignment_id))
        if record["sha256"] is None:
            self.warn(f"Deleted because of its age: {who}", f"Apagada pela idade: {who}")
        elif not dest.is_dir():
            self.say(f"Collecting submission: {who}", f"Recolhendo a entrega: {who}")
            self.put(record, dest)
        elif self.is_to_be_updated(record, dest):
            self.say(f"Updating submission: {who}", f"Atualizando a entrega: {who}")
            self.put(record, dest)
        elif self.update:
            self.say(f"No newer submission to collect: {who}", f"Não há entrega mais nova: {who}")
        else:
            self.say(
                f"Submission already exists, use --update to update: {who}",
                f"A entrega já está aí; use --update para atualizar: {who}",
            )

    def is_to_be_updated(self, record: dict[str, Any], dest: Path) -> bool:
        """Whether another submission is to take the place of the one that is there."""
        there = self.coursedir.get_existing_timestamp(str(dest))
        new = moment(record).replace(tzinfo=None)
        if self.update and (there is None or new > there):
            return True
        return bool(self.before_duedate and there != new)

    def put(self, record: dict[str, Any], dest: Path) -> None:
        """Write a submission, with when it was received and which one it is."""
        packed = unpack(self.portal.collect(self.course, record))
        # Names of ours in what a student packed mean nothing, in whatever letters, for files and for folders.
        files = {name: content for name, content in packed.items() if name.partition("/")[0].casefold() not in OURS}
        files |= {TIMESTAMP: timestamp(record).encode(), ID: record["id"].encode()}
        if place(files, dest, replace=True):
            self.share(dest)
