"""What must have come of it: everybody's points, found in another way, and everybody's own feedback."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from benchmarks.nbgrader_class.pupil import Answer, Pupil
from benchmarks.nbgrader_class.school import School
from grader.command.options import started
from grader.exercise import Catalogue
from grader.settings import load_settings
from grader.submission import Upload

#: what the question in words is asked in
IN_WORDS = "sigmoid"


def grade(catalogue: Catalogue, answers: dict[str, set[Answer]]) -> dict[tuple[str, Answer], float]:
    """Points of the answers as files, by the exercises' own tests instead of the notebook's cells."""
    found = {}
    settings = load_settings()
    with started(catalogue, settings, settings.workers) as grader:
        for slug, wanted in answers.items():
            exercise = catalogue.find(slug)
            for each in wanted:
                source = each.source or exercise.stub.read_text(encoding="utf-8")
                report = grader.grade(exercise, Upload(f"{slug}.py", source.encode()))
                found[slug, each] = float(report.score)
    return found


def expect(pupils: Sequence[Pupil], catalogue: Catalogue, assignments: Sequence[str]) -> dict[tuple[str, str], float]:
    """Each student's points for each assignment."""
    last = {(each.login, slug): each.answers[slug][-1] for each in pupils for slug in assignments}
    points = grade(catalogue, {slug: {each.answers[slug][-1] for each in pupils} for slug in assignments})
    found = {(login, slug): points[slug, answer] for (login, slug), answer in last.items()}
    for pupil in pupils:
        if pupil.is_late:
            found[pupil.login, IN_WORDS] = 0.0  # the penalty; what a person gives is given later
        found[pupil.login, IN_WORDS] += pupil.points
    return found


def read_export(path: Path) -> dict[tuple[str, str], float]:
    """The points in the file that ``nbgrader export`` writes."""
    with path.open(newline="", encoding="utf-8") as lines:
        return {(each["student_id"], each["assignment"]): float(each["score"]) for each in csv.DictReader(lines)}


def check_feedback(school: School, assignments: Sequence[str]) -> dict[str, list[str]]:
    """What is wrong with the feedback that each student has fetched."""
    found: dict[str, list[str]] = {each.login: [] for each in school.pupils}
    for pupil in school.pupils:
        for slug in assignments:
            pages = sorted((school.desk(pupil.login) / slug / "feedback").glob("*/*.html"))
            if len(pages) != 1:
                found[pupil.login].append(f"{slug}: {len(pages)} pages")
            text = "".join(each.read_text(encoding="utf-8") for each in pages)
            if slug != IN_WORDS:
                continue
            if pupil.remark not in text:
                found[pupil.login].append(f"{slug}: the instructor's remark is missing")
            others = [each.login for each in school.pupils if each is not pupil and each.remark in text]
            found[pupil.login] += [f"{slug}: shows the remark for {each}" for each in others]
    return found
