"""Figures of each test of an assignment, to find those that are too hard, say nothing, or cannot be trusted.

- Difficulty is the share of students who pass the test: at their first attempt, and at the one that counts.
- Discrimination is the correlation between passing the test and the points of all *other* tests, at the first attempt
  (point-biserial, corrected for the overlap: S. Henrysson, Correction of item-total correlations in item analysis,
  Psychometrika 28, 1963). The first attempt, because by the last one most students pass everything, and what does not
  differ cannot correlate.
- Tests that fail together are judged by the Jaccard index of the students who fail them. Each student is looked at
  once, at the first attempt at which some tests passed and some did not: an empty solution fails everything together.
- A verdict has changed when the same file, graded several times by the same version of the tests, passed a test once
  and did not pass it another time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from grader.report import Verdict
from server.analysis.records import Attempt, Outcome, Records, TestHead
from server.analysis.statistics import FEW, FEW_FOR_PAIRS, correlation, jaccard, quantile, share

#: from this part of common failures on, tests count as failing together
TOGETHER = 0.9
#: tests of an assignment that are compared with each other
MAX_TESTS = 200


@dataclass(frozen=True)
class Item:
    """The figures of one test. None: too few observations."""

    head: TestHead
    #: students whose first attempt has a verdict of it
    students: int
    passing_first: float | None
    passing_counted: float | None
    discrimination: float | None
    #: students for whom it is the first test that does not pass, at their first and at their last attempt
    stops_first: int
    stops_last: int
    #: median seconds, and the part of the time of all tests
    seconds: float | None
    time_share: float
    #: files that were graded more than once, and those of which the verdict changed
    repeated: int
    changed: tuple[str, ...]


@dataclass(frozen=True)
class Together:
    """Tests that fail for the same students."""

    names: tuple[str, ...]
    #: students who fail any of them, and all of them
    any: int
    all: int
    #: the least agreement of two of them
    agreement: float


def items(records: Records, students: Mapping[int, Sequence[Attempt]], counted: Iterable[Outcome]) -> list[Item]:
    """The figures of all tests, in the order in which they run. ``counted``: the outcomes of attempts that count."""
    judged = [[each.outcome for each in attempts if each.outcome] for attempts in students.values()]
    firsts, lasts = [each[0] for each in judged if each], [each[-1] for each in judged if each]
    passed_first, passed_counted = _passing(firsts), _passing(counted)
    stops_first, stops_last = _stops(firsts), _stops(lasts)
    points = {head.name: head.points for head in records.heads}
    discriminations = _discriminations(firsts, points)
    seconds = _seconds(each.outcome for each in records.attempts if each.outcome)
    total = sum(sum(each) for each in seconds.values()) or 1.0
    repeated, changed = _repetitions(records)
    return [
        Item(
            head=head,
            students=sum(passed_first[head.name].values()),
            passing_first=share(passed_first[head.name][True], sum(passed_first[head.name].values())),
            passing_counted=share(passed_counted[head.name][True], sum(passed_counted[head.name].values())),
            discrimination=discriminations.get(head.name),
            stops_first=stops_first[head.name],
            stops_last=stops_last[head.name],
            seconds=quantile(seconds[head.name], 0.5) if len(seconds[head.name]) >= FEW else None,
            time_share=sum(seconds[head.name]) / total,
            repeated=repeated[head.name],
            changed=tuple(changed[head.name]),
        )
        for head in records.heads
    ]


def _passing(outcomes: Iterable[Outcome]) -> defaultdict[str, Counter[bool]]:
    found: defaultdict[str, Counter[bool]] = defaultdict(Counter)
    for outcome in outcomes:
        for name, passes in outcome.passes().items():
            found[name][passes] += 1
    return found


def _stops(outcomes: Iterable[Outcome]) -> Counter[str]:
    """For how many each test is the first that does not pass."""
    stops = (next((name for name, passes in each.passes().items() if not passes), None) for each in outcomes)
    return Counter(name for name in stops if name is not None)


def _discriminations(outcomes: Sequence[Outcome], points: Mapping[str, float]) -> dict[str, float | None]:
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in points}
    for outcome in outcomes:
        passes = {name: passed for name, passed in outcome.passes().items() if name in points}
        # Of somebody who lacks a verdict, the points cannot be compared with those of the others.
        if len(passes) != len(points):
            continue
        earned = sum(points[name] for name, passed in passes.items() if passed)
        for name, passed in passes.items():
            pairs[name].append((float(passed), earned - points[name] * passed))
    return {name: correlation(found) for name, found in pairs.items()}


def _seconds(outcomes: Iterable[Outcome]) -> defaultdict[str, list[float]]:
    """How long each test took, wherever it ran."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for name, verdict, seconds in zip(outcome.names, outcome.verdicts, outcome.seconds, strict=True):
            if verdict is not Verdict.SKIPPED:
                found[name].append(seconds)
    return found


def _repetitions(records: Records) -> tuple[Counter[str], defaultdict[str, list[str]]]:
    """By test: files that were graded more than once, and the submissions of those whose verdict changed."""
    gradings: defaultdict[tuple[str, str], list[tuple[str, dict[str, bool]]]] = defaultdict(list)
    for each in records.attempts:
        if each.outcome:
            gradings[each.content].append((each.id, each.outcome.passes()))
    for other in records.gradings:
        gradings[other.content].append((other.submission_id, other.outcome.passes()))
    repeated: Counter[str] = Counter()
    changed: defaultdict[str, list[str]] = defaultdict(list)
    for found in gradings.values():
        for name in {name for _, passes in found for name in passes}:
            verdicts = [passes[name] for _, passes in found if name in passes]
            repeated[name] += len(verdicts) > 1
            if len(set(verdicts)) > 1:
                changed[name].append(found[0][0])
    return repeated, changed


def together(students: Mapping[int, Sequence[Attempt]], heads: Sequence[TestHead]) -> list[Together]:
    """Groups of tests of which every two fail for the same students, or nearly so."""
    telling = [each for each in (_first_telling(attempts) for attempts in students.values()) if each]
    if len(telling) < FEW_FOR_PAIRS:
        return []
    # A set of students as a number with a bit for each.
    failing = {
        head.name: sum(1 << number for number, passes in enumerate(telling) if passes.get(head.name) is False)
        for head in heads[:MAX_TESTS]
    }
    groups: list[list[str]] = []
    for name in [name for name, students in failing.items() if students.bit_count() >= FEW]:
        fitting = (g for g in groups if all(_agreement(failing[name], failing[other]) >= TOGETHER for other in g))
        group = next(fitting, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return [_sum_up(group, failing) for group in groups if len(group) > 1]


def _first_telling(attempts: Sequence[Attempt]) -> dict[str, bool] | None:
    found = (each.outcome.passes() for each in attempts if each.outcome)
    return next((passes for passes in found if len(set(passes.values())) == 2), None)


def _agreement(left: int, right: int) -> float:
    return jaccard((left & right).bit_count(), (left | right).bit_count())


def _sum_up(group: Sequence[str], failing: Mapping[str, int]) -> Together:
    some, all_of_them = 0, -1
    for name in group:
        some, all_of_them = some | failing[name], all_of_them & failing[name]
    least = min(_agreement(failing[left], failing[right]) for left, right in combinations(group, 2))
    return Together(tuple(group), some.bit_count(), all_of_them.bit_count(), least)
