"""Exercises as their authors see them: versions, tests, audits, faults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from flask import Response, url_for

from server.access import Audience
from server.api import paging, problem
from server.api.meta import about
from server.api.operation import EXERCISES, Answer, Operation, Query, route, to_json
from server.api.page import LINK, PageQuery, cut, links
from server.context import language, now, parts, reader
from server.i18n import mark
from server.models import ExerciseAudit
from server.office import alerts, care
from server.office.alerts import Alert
from server.office.care import Care


class AuditCounts(msgspec.Struct, kw_only=True):
    """How much an audit looked at."""

    tests: Annotated[int, about("Tests.")]
    right: Annotated[int, about("Right solutions.")]
    wrong: Annotated[int, about("Wrong solutions.")]
    mutants: Annotated[int, about("Mutants of the reference.")]
    killed: Annotated[int, about("Those of them that a test caught.")]
    recorded: Annotated[int, about("Those of them that the author has recorded as equivalent.")]


class AuditEntry(msgspec.Struct, kw_only=True):
    """What an audit found."""

    passed: Annotated[bool, about("Whether there was nothing to mend.")]
    at: Annotated[datetime, about("When it was done.")]
    counts: Annotated[AuditCounts | None, about("How much it looked at; null: it did not come that far.")]


class AlertEntry(msgspec.Struct):
    """More faults of an exercise in the last 14 days than chance makes."""

    faults: Annotated[int, about("Submissions that hit a fault of the exercise.")]
    total: Annotated[int, about("Of so many.")]


class AuthoredExercise(msgspec.Struct, kw_only=True):
    """An exercise as its authors see it."""

    slug: Annotated[str, about("The exercise's short name.")]
    title: Annotated[str, about("Its title; the short name where it has none to be read.")]
    is_there: Annotated[bool, about("False: it is gone from the portal, and what was handed in for it is kept.")]
    problem: Annotated[str, about("Why it cannot be read, so that students do not see it; empty: it can.")]
    version: Annotated[str | None, about("A hash of everything that decides a report; null: it cannot be read.")]
    public_tests: Annotated[int, about("Public tests.")]
    hidden_tests: Annotated[int | None, about("Hidden tests; null: the portal has no solutions.")]
    points: Annotated[float | None, about("Points of this version; null: neither audits nor gradings tell.")]
    languages: Annotated[list[str], about("Languages that its statement is written in.")]
    is_complete: Annotated[bool, about("Whether these are all languages of the portal.")]
    audit: Annotated[AuditEntry | None, about("The audit of this version; null: nobody has kept one.")]
    alert: Annotated[AlertEntry | None, about("That it wants mending; null: nothing says so.")]
    page: Annotated[str, about("Where people read it.")]


class AuthoredList(msgspec.Struct):
    """A page of exercises, by short name."""

    exercises: Annotated[list[AuthoredExercise], about("The exercises of this page.")]
    next: Annotated[str | None, about("What to send as after for the next page; null: this is the last one.")]


class AuditProblem(msgspec.Struct):
    """Something to mend."""

    path: Annotated[str, about("In which file or folder.")]
    line: Annotated[int | None, about("In which line; null: in no single one.")]
    text: Annotated[str, about("What is wrong and what to do, in English.")]


class GradedVersion(msgspec.Struct, kw_only=True):
    """A version by which submissions were graded."""

    version: Annotated[str, about("Which one.")]
    submissions: Annotated[int, about("Submissions that it graded.")]
    solved: Annotated[int, about("Those of them with all points.")]
    first_at: Annotated[datetime, about("When the first of them was handed in.")]
    last_at: Annotated[datetime, about("When the last of them was handed in.")]
    audit_passed: Annotated[bool | None, about("Whether its audit had nothing to mend; null: nobody has kept one.")]


class ExerciseFault(msgspec.Struct):
    """What hindered gradings."""

    fault: Annotated[str, about("What it was; empty: nobody knows.")]
    submissions: Annotated[int, about("Submissions that hit it.")]


class AuthoredHistory(AuthoredExercise, kw_only=True):
    """An exercise with its past on this portal."""

    to_mend: Annotated[list[AuditProblem], about("What the audit of this version found.")]
    versions: Annotated[list[GradedVersion], about("The versions that have graded, newest first: fifty at most.")]
    faults: Annotated[list[ExerciseFault], about("Its faults in the last 14 days, most often first: ten at most.")]


def _describe(found: Care, is_there: bool, alarming: Mapping[str, Alert]) -> dict[str, Any]:
    alert = alarming.get(found.slug)
    return {
        "slug": found.slug,
        "title": language().pick(found.exercise.title) if found.exercise else found.slug,
        "is_there": is_there,
        "problem": found.problem,
        "version": found.version or None,
        "public_tests": found.public,
        "hidden_tests": found.hidden,
        "points": found.points,
        "languages": list(found.languages),
        "is_complete": found.is_complete,
        "audit": _audit(found.audit) if found.audit else None,
        "alert": AlertEntry(alert.faults, alert.total) if alert else None,
        "page": url_for("office_exercises.show", slug=found.slug),
    }


def _audit(found: ExerciseAudit) -> AuditEntry:
    seen = care.counts(found)
    counts = AuditCounts(**{name: seen.get(name, 0) for name in AuditCounts.__struct_fields__}) if seen else None
    return AuditEntry(passed=found.passed, at=found.at, counts=counts)


def _to_mend(found: ExerciseAudit | None) -> list[AuditProblem]:
    listed = found.detail.get("problems", []) if found else []
    return [AuditProblem(each["path"], each.get("line"), each["text"]) for each in listed]


@route(
    Operation(
        "GET",
        "/authoring/exercises",
        EXERCISES,
        mark("List the exercises as their authors see them"),
        Audience.API_CREATOR,
        (Answer(mark("A page of exercises."), AuthoredList, headers=LINK),),
        query=PageQuery,
    )
)
def list_authored(query: PageQuery) -> Response:
    """Send all exercises, also those that cannot be read."""
    page = cut(parts().catalogue.slugs(), str, query)
    if page is None:
        paging.refuse_cursor()
    shown, cursor = page
    alarming = {alert.slug: alert for alert in alerts.find_alerts(reader(), now(), shown)}
    found = care.look(reader(), parts().catalogue, shown)
    listed = [AuthoredExercise(**_describe(each, True, alarming)) for each in found]
    return to_json(AuthoredList(listed, cursor), headers=links(cursor))


@route(
    Operation(
        "GET",
        "/authoring/exercises/<slug>",
        EXERCISES,
        mark("Read an exercise as its authors see it"),
        Audience.API_CREATOR,
        (Answer(mark("The exercise."), AuthoredHistory),),
    )
)
def show_authored(slug: str, query: Query) -> AuthoredHistory:
    """Send one exercise with its past."""
    moment = now()
    found = care.look_back(reader(), parts().catalogue, slug, moment - alerts.RECENT)
    if found is None:
        problem.refuse("not_found")
    alarming = {alert.slug: alert for alert in alerts.find_alerts(reader(), moment, [slug])}
    return AuthoredHistory(
        **_describe(found.care, found.is_there, alarming),
        to_mend=_to_mend(found.care.audit),
        versions=[
            GradedVersion(
                version=each.version,
                submissions=each.count,
                solved=int(each.solved or 0),
                first_at=each.first,
                last_at=each.last,
                audit_passed=found.audits[each.version].passed if each.version in found.audits else None,
            )
            for each in found.versions
        ],
        faults=[ExerciseFault(each.fault, each.count) for each in found.faults],
    )
