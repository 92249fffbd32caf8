"""Similarity: solutions of different students that are alike, and two of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from flask import Blueprint, abort, render_template, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from grader.errors import ExerciseError
from server import render
from server.access import Audience, open_to
from server.analysis.common import kept, percent
from server.analysis.fingerprint import Fingerprints, Stub, read_stub, take
from server.analysis.pairs import Pair, clusters, find_pairs
from server.analysis.sources import Solution, earlier_solutions, find_solution, own_solutions, read_source
from server.analysis.tiles import Shared, find_shared
from server.analysis.tokens import read_statements
from server.context import course as here
from server.context import me, parts, reader
from server.course.gradebook import list_assignments
from server.course.place import assignment_by_id
from server.exercise.titles import title_of
from server.models import Assignment

bp = Blueprint("similarity", __name__, url_prefix="/courses/<course>/similarity")

Page = str | Response | tuple[str, int]

#: from which score on pairs are listed, in percent: what may be chosen, and what is where nothing was
THRESHOLDS = (30, 40, 50, 60, 70, 80, 90, 100)
THRESHOLD = 60
MAX_LISTED = 200
#: longer sources are shown without colours
MAX_COLOURED = 60_000


@dataclass(frozen=True)
class Match:
    """Two solutions that are alike."""

    left: Solution
    right: Solution
    score: float
    is_equal: bool
    is_earlier: bool


@dataclass(frozen=True)
class Found:
    """What the comparison of an assignment's solutions found."""

    matches: list[Match]
    #: how many there are beyond those that are listed
    more: int
    clusters: list[list[Solution]]
    own: int
    earlier: int
    #: solutions of the course that cannot be read, and that are too short to be compared
    unreadable: int
    short: int


@dataclass(frozen=True)
class Given:
    """What students of an exercise were given."""

    slug: str
    #: another one for another stub
    digest: str
    stub: Stub


@dataclass(frozen=True)
class Line:
    """One line of a source."""

    number: int
    code: Markup
    #: the shared part that it belongs to; 0: none
    part: int
    is_first: bool


@bp.get("")
@open_to(Audience.STAFF)
def index(course: str) -> str:
    """Show the assignments to choose from; nothing is compared yet."""
    every = [(each, title_of(each.slug)) for each in list_assignments(reader(), here().id)]
    return render_template("course/similarity.html", assignments=every)


@bp.get("/<int(max=2147483647):id>")
@open_to(Audience.STAFF)
def show(course: str, id: int) -> str:
    """Show the pairs of an assignment that are most alike."""
    assignment = assignment_by_id(id)
    threshold = request.args.get("from", THRESHOLD, type=int)
    threshold = threshold if threshold in THRESHOLDS else THRESHOLD
    return render_template(
        "course/similarity_assignment.html",
        assignment=assignment,
        title=title_of(assignment.slug),
        threshold=threshold,
        thresholds=THRESHOLDS,
        found=compare(assignment, threshold / 100),
        percent=percent,
    )


@bp.get("/<int(max=2147483647):id>/<left>/<right>")
@open_to(Audience.STAFF)
def pair(course: str, id: int, left: str, right: str) -> Page:
    """Show two solutions side by side, with what they share."""
    assignment = assignment_by_id(id)
    own = own_solutions(reader(), assignment)
    first = find_solution(own, left)
    second = find_solution(own, right) or find_solution(earlier_solutions(reader(), assignment, me()), right)
    if first is None or second is None or first.id == second.id:
        abort(404)
    sources = [read_source(parts().store, each, assignment.slug) for each in (first, second)]
    if None in sources:
        abort(404)
    texts = [(source or "").replace("\r\n", "\n").replace("\r", "\n") for source in sources]
    shared = find_shared(read_statements(texts[0]), read_statements(texts[1]), _given(assignment).stub)
    return render_template(
        "course/similarity_pair.html",
        assignment=assignment,
        title=title_of(assignment.slug),
        solutions=(first, second),
        shares=(shared.left, shared.right),
        sides=(_lines(texts[0], shared, "left"), _lines(texts[1], shared, "right")),
        shared=shared,
        percent=percent,
    )


# --- comparing


def compare(assignment: Assignment, threshold: float) -> Found:
    """Compare the solutions of an assignment, and find the pairs that reach the threshold."""
    own = own_solutions(reader(), assignment)
    earlier = earlier_solutions(reader(), assignment, me())
    every = [*own, *earlier]
    given = _given(assignment)
    prints = [_fingerprints(each, given) for each in every]
    known = [(each, found) for each, found in zip(every, prints, strict=True) if found]
    own_known = sum(found is not None for found in prints[: len(own)])
    solutions = [each for each, _ in known]
    pairs = kept().pairs.get(
        _state(solutions, own_known, given), lambda: find_pairs([found for _, found in known], own_known)
    )
    # Whoever takes a course twice may well hand in what they wrote themselves.
    chosen = [
        each for each in pairs
        if each.score >= threshold - 1e-9 and solutions[each.left].user_id != solutions[each.right].user_id
    ]  # fmt: skip
    groups = clusters(each for each in chosen if each.right < own_known)
    return Found(
        [_match(each, solutions, own_known) for each in chosen[:MAX_LISTED]],
        max(0, len(chosen) - MAX_LISTED),
        [[solutions[place] for place in group] for group in groups],
        len(own),
        len(earlier),
        len(own) - own_known,
        sum(found.is_short for found in prints[: len(own)] if found),
    )


def _match(pair: Pair, solutions: Sequence[Solution], own: int) -> Match:
    return Match(solutions[pair.left], solutions[pair.right], pair.score, pair.is_equal, pair.right >= own)


def _state(solutions: Sequence[Solution], own: int, given: Given) -> bytes:
    """Another one as soon as anything that is compared is another."""
    compared = (f"{each.id}:{each.blob}" for each in solutions)
    return blake2b(" ".join([given.slug, given.digest, str(own), *compared]).encode()).digest()


def _fingerprints(solution: Solution, given: Given) -> Fingerprints | None:
    def make() -> Fingerprints | None:
        source = read_source(parts().store, solution, given.slug)
        return None if source is None else take(read_statements(source), given.stub)

    return kept().fingerprints.get((given.slug, given.digest, solution.blob, solution.kind), make)


def _given(assignment: Assignment) -> Given:
    """What the stub holds: nothing when the exercise is gone."""
    try:
        text = parts().catalogue.find(assignment.slug).stub.read_text(encoding="utf-8")
    except (ExerciseError, OSError):
        text = ""
    stub = kept().stubs.get(text, lambda: read_stub(read_statements(text)))
    return Given(assignment.slug, blake2b(text.encode()).hexdigest(), stub)


# --- showing


def _lines(source: str, shared: Shared, side: str) -> list[Line]:
    part_of: dict[int, int] = {}
    for number, each in enumerate(shared.parts, 1):
        for line in getattr(each, side):
            part_of.setdefault(line, number)
    lines = []
    for number, code in enumerate(_coloured(source), 1):
        part = part_of.get(number, 0)
        lines.append(Line(number, code, part, bool(part) and part_of.get(number - 1) != part))
    return lines


def _coloured(source: str) -> list[Markup]:
    """The lines of a source as safe HTML; no tag reaches over the end of a line."""
    source = source.rstrip("\n")
    if len(source) > MAX_COLOURED:
        return [Markup.escape(line) for line in source.split("\n")]
    return [Markup(line) for line in render.code(source).removesuffix("\n").split("\n")]
