"""``nbgrader list``, and what Jupyter's lists of assignments and nbgrader's formgrader show."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any

from nbgrader.exchange import abc

from grader.client import Refused
from grader.nbgrader.exchange.base import Exchange, timestamp
from grader.nbgrader.exchange.fetch_feedback import FEEDBACK

Info = dict[str, Any]
FORBIDDEN = 403


class ExchangeList(Exchange, abc.ExchangeList):
    """Lists, and with ``remove`` takes away, what is released (outbound) or handed in (inbound).

    ``cached`` is what the user handed in; the portal keeps that, so that it is the same on every computer.
    """

    def init_src(self) -> None:
        """Ask the portal, for one course or for all of the user's."""
        wanted = self.coursedir.course_id
        self.courses = [wanted] if wanted else self.portal.courses()
        if not (self.inbound or self.cached):
            found = ((course, each) for course in self.courses for each in self.portal.released(course))
            self.entries = [(course, each) for course, each in found if self.is_asked_for(assignment=each["name"])]
            return
        handed_in = self.portal.own() if self.cached else self.all_inbound()
        self.entries = [
            (each["course"], each)
            for each in handed_in
            if each["course"] in self.courses
            and self.is_asked_for(assignment=each["assignment"], student=each["login"])
        ]

    def all_inbound(self) -> Iterable[Info]:
        """What was handed in in all courses."""
        for course in self.courses:
            try:
                found = list(self.portal.inbound(course))
            except Refused as error:
                if error.status != FORBIDDEN:
                    raise
                self.warn(
                    f"Of {course} you see only what you handed in yourself. {error}",
                    f"De {course} você vê só o que você mesmo entregou. {error}",
                )
                found = list(self.portal.own(course=course))
            yield from found

    def init_dest(self) -> None:
        """Nothing."""

    def copy_files(self) -> None:
        """Nothing."""

    def list_files(self) -> list[Info]:
        """Tell what there is."""
        if self.inbound or self.cached:
            self.say("Submitted assignments:", "Tarefas entregues:")
        else:
            self.say("Released assignments:", "Tarefas publicadas:")
        return self.show()

    def remove_files(self) -> list[Info]:
        """Take it away, and tell what it was."""
        if self.cached:
            self.refuse(
                "What you have submitted stays on the portal: it is your proof that you did.",
                "O que você entregou fica no portal: é a sua prova de que entregou.",
            )
        if self.inbound:
            self.say("Removing submitted assignments:", "Retirando tarefas entregues:")
        else:
            self.say("Removing released assignments:", "Retirando tarefas publicadas:")
        found = self.show()
        for course, entry in self.entries:
            if self.inbound:
                self.portal.remove(course, entry["id"])
            else:
                self.portal.withdraw(course, entry["name"])
        return found

    def show(self) -> list[Info]:
        """Write a line for each, and give them as Jupyter's extensions read them."""
        if not (self.inbound or self.cached):
            released = sorted(map(self.describe_released, self.entries), key=_place)
            for each in released:
                self.log.info(self.line_of_released(each))
            return released
        submitted = sorted(map(self.describe_submitted, self.entries), key=_place)
        for each in submitted:
            self.log.info(self.line_of_submitted(each))
        return _group(submitted)

    def describe_released(self, found: tuple[str, Info]) -> Info:
        """An assignment that can be fetched, or was."""
        course, entry = found
        folder = self.work_folder(course, entry["name"])
        if folder.is_dir():
            status, where = "fetched", str(folder)
            notebooks = [{"notebook_id": path.stem, "path": str(path)} for path in sorted(folder.glob("*.ipynb"))]
        else:
            status, where = "released", f"{self.portal.url}/{course}/{entry['name']}"
            notebooks = [{"notebook_id": name, "path": f"{where}/{name}.ipynb"} for name in _notebooks(entry)]
        return {
            "course_id": course,
            "assignment_id": entry["name"],
            "status": "removed" if self.remove else status,
            "path": where,
            "notebooks": notebooks,
        }

    def describe_submitted(self, found: tuple[str, Info]) -> Info:
        """A submission, with what feedback there is on it, and how much of that was fetched."""
        course, entry = found
        when = timestamp(entry)
        where = f"{self.portal.url}/{course}/{entry['login']}+{entry['assignment']}+{when}"
        local = self.work_folder(course, entry["assignment"]) / FEEDBACK / when
        notebooks = [self.describe_notebook(name, where, local, entry) for name in _notebooks(entry)]
        has_local = bool(notebooks) and all(each["has_local_feedback"] for each in notebooks)
        return {
            "course_id": course,
            "student_id": entry["login"],
            "assignment_id": entry["assignment"],
            "timestamp": when,
            "status": "removed" if self.remove else "submitted",
            "path": where,
            "notebooks": notebooks,
            "has_local_feedback": has_local,
            "has_exchange_feedback": bool(notebooks) and all(each["has_exchange_feedback"] for each in notebooks),
            "feedback_updated": any(each["feedback_updated"] for each in notebooks),
            "local_feedback_path": str(local) if has_local else None,
        }

    def describe_notebook(self, name: str, where: str, local: Path, entry: Info) -> Info:
        """A notebook of a submission."""
        page = local / f"{name}.html"
        there = (entry["feedback"] or {"files": {}})["files"].get(page.name)
        here = hashlib.sha256(page.read_bytes()).hexdigest() if page.is_file() else None
        return {
            "notebook_id": name,
            "path": f"{where}/{name}.ipynb",
            "has_local_feedback": here is not None,
            "has_exchange_feedback": there is not None,
            "local_feedback_path": str(page) if here else None,
            "feedback_updated": bool(here and there and here != there),
        }

    def line_of_released(self, info: Info) -> str:
        """What people read about an assignment."""
        is_here = self.work_folder(info["course_id"], info["assignment_id"]).is_dir()
        remark = self.pick(" (already downloaded)", " (já baixada)") if is_here else ""
        return f"{info['course_id']} {info['assignment_id']}{remark}"

    def line_of_submitted(self, info: Info) -> str:
        """What people read about a submission."""
        if info["has_local_feedback"] and not info["feedback_updated"]:
            remark = self.pick("feedback already fetched", "feedback já baixado")
        elif info["has_exchange_feedback"]:
            remark = self.pick("feedback ready to be fetched", "há feedback para baixar")
        else:
            remark = self.pick("no feedback available", "ainda sem feedback")
        return f"{info['course_id']} {info['student_id']} {info['assignment_id']} {info['timestamp']} ({remark})"


def _notebooks(entry: Info) -> list[str]:
    """Names of the notebooks at the top of an archive: those that nbgrader grades."""
    return [PurePosixPath(name).stem for name in entry["notebooks"] if "/" not in name]


def _place(info: Info) -> tuple[str, ...]:
    return tuple(str(info.get(name, "")) for name in ("course_id", "student_id", "assignment_id", "timestamp"))


def _group(submitted: list[Info]) -> list[Info]:
    """Submissions, which are in order, by course, student and assignment."""
    groups = (list(group) for _key, group in groupby(submitted, key=lambda each: _place(each)[:3]))
    names = ("course_id", "student_id", "assignment_id", "status")
    return [{**{name: group[0][name] for name in names}, "submissions": group} for group in groups]
