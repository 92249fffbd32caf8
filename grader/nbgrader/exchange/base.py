"""What all parts of the exchange share: the portal, paths, and sentences for what goes wrong."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from textwrap import dedent
from typing import Any, NoReturn

from nbgrader.exchange import abc
from nbgrader.utils import ignore_patterns
from traitlets import Bool, Unicode

from grader import access
from grader.client import Refused
from grader.errors import GraderError
from grader.language import system_language
from grader.nbgrader.exchange.folder import files_of, pack
from grader.nbgrader.exchange.portal import MISSING, Portal

#: as nbgrader reads it everywhere. Other zones it would misread: it takes "-03" for three seconds
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f UTC"


class Exchange(abc.Exchange):
    """An exchange that is a Gradiente portal."""

    url = Unicode("", help="Address of the portal. Default: that of `gradiente login`, or GRADIENTE_URL.").tag(
        config=True
    )
    token = Unicode("", help="API token. Default: that of `gradiente login`, or GRADIENTE_TOKEN.").tag(config=True)
    path_includes_course = Bool(
        False,
        help=dedent(
            """
            Whether assignments are fetched into, and submitted from, a folder of their course:
            ./course123/ps1 instead of ./ps1.
            """
        ),
    ).tag(config=True)

    @cached_property
    def portal(self) -> Portal:
        """The portal, with whoever is logged in there."""
        variables = {**os.environ, **({access.URL: self.url} if self.url else {})}
        found = access.find({**variables, **({access.TOKEN: self.token} if self.token else {})})
        return Portal(found.url, found.token, system_language())

    @property
    def course(self) -> str:
        """The course's code."""
        found: str = self.coursedir.course_id
        if not found:
            self.refuse(
                "No course id specified. Re-run with --course flag.",
                "Falta o código do curso. Repita com a opção --course.",
            )
        return found

    @property
    def assignment(self) -> str:
        """The assignment's name. Some systems write accents in two signs; the portal has them in one."""
        return unicodedata.normalize("NFC", self.coursedir.assignment_id)

    def start(self) -> Any:
        """Do it all; whatever goes wrong is one sentence."""
        try:
            return super().start()
        except Refused as error:
            self.refuse(*self._explain(error))
        except GraderError as error:
            self.refuse(error.text["en"], error.text["pt-BR"])
        except OSError as error:
            self.refuse(f"{error.filename}: {error.strerror}.")

    def _explain(self, error: Refused) -> tuple[str, str]:
        """What a portal says, and where something is missing what there is instead."""
        said, course = str(error), self.coursedir.course_id
        if error.status != MISSING or not course:
            return said, said
        courses = self.portal.courses()
        if course not in courses:
            known = ", ".join(sorted(courses)) or "–"
            url = self.portal.url
            return (
                f"{url} has no course {course!r} in which you take part. You take part in: {known}.",
                f"{url} não tem um curso {course!r} de que você participe. Você participa de: {known}.",
            )
        names = ", ".join(each["name"] for each in self.portal.released(course)) or "–"
        return f"{said} Released in {course}: {names}.", f"{said} Publicadas em {course}: {names}."

    def pick(self, english: str, portuguese: str = "") -> str:
        """A sentence in the user's language."""
        return portuguese if portuguese and system_language() == "pt-BR" else english

    def say(self, english: str, portuguese: str) -> None:
        """Tell what is done."""
        self.log.info(self.pick(english, portuguese))

    def warn(self, english: str, portuguese: str) -> None:
        """Tell what may be wrong."""
        self.log.warning(self.pick(english, portuguese))

    def refuse(self, english: str, portuguese: str = "") -> NoReturn:
        """End with a sentence."""
        self.fail(self.pick(english, portuguese))
        raise AssertionError("fail() raises")

    def refuse_folder(self) -> NoReturn:
        """Say that the folder of the assignment is not there, and which are."""
        there = ", ".join(sorted(path.name for path in self.src_path.parent.glob("*") if path.is_dir())) or "–"
        self.refuse(
            f"Assignment not found at: {self.src_path}. There are: {there}.",
            f"Tarefa não encontrada em: {self.src_path}. Há: {there}.",
        )

    def work_folder(self, course: str, assignment: str) -> Path:
        """Where a student works on an assignment."""
        inner = Path(course, assignment) if self.path_includes_course else Path(assignment)
        return Path(self.assignment_dir, inner).absolute()

    def pack(self, folder: Path) -> bytes:
        """Pack a folder, without what the course directory is configured to leave out."""
        paths = files_of(
            folder,
            ignore_patterns(
                exclude=self.coursedir.ignore,
                include=self.coursedir.include,
                max_file_size=self.coursedir.max_file_size,
                log=self.log,
            ),
        )
        size, most = sum(path.stat().st_size for path in paths), 1000 * self.coursedir.max_dir_size
        if size > most:
            has, limit = f"{size / 1e6:.1f} MB", f"{most / 1e6:g} MB"
            self.refuse(
                f"{folder} is too large: {has}, and CourseDirectory.max_dir_size allows {limit}.",
                f"{folder} é grande demais: {has}, e CourseDirectory.max_dir_size permite {limit}.",
            )
        return pack(folder, paths)

    def is_asked_for(self, **names: str) -> bool:
        """Whether names match what was asked for: ``assignment``, ``student``. Nothing asked for is everything."""
        wanted = {"assignment": self.assignment, "student": self.coursedir.student_id}
        return all(wanted[kind] in ("", name) or fnmatch(name, wanted[kind]) for kind, name in names.items())

    def share(self, folder: Path) -> None:
        """Let other instructors of the group change a folder, where the course directory is shared."""
        if self.coursedir.groupshared:
            for path in (folder, *folder.rglob("*")):
                path.chmod(path.stat().st_mode | (0o2770 if path.is_dir() else 0o660))


def moment(entry: Mapping[str, Any]) -> datetime:
    """When something was received."""
    return datetime.fromisoformat(entry["received_at"]).astimezone(UTC)


def timestamp(entry: Mapping[str, Any]) -> str:
    """When something was received, as nbgrader writes it."""
    return moment(entry).strftime(TIME_FORMAT)
