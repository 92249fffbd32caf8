"""Every attack against the grader: no point not earned, no secret, no trace, and nobody else disturbed."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is made of Linux namespaces", allow_module_level=True)

from grader.grading import memory_of_examiner
from grader.pool import Grader
from grader.report import LANGUAGES, Owner, Report, Verdict
from grader.submission import Upload
from tests.attacks.case import CASES, FOLDER, Case
from tests.attacks.watch import MemoryWatch, children, digest, litter, wait_until_clean, wait_until_gone
from tests.layers import broken_layers

SEED = "seed-of-attacks-90125"
#: Expected values, sources, the seed and other people's work: nothing of this may reach a student.
SECRETS = (
    "7316.25", "key-90517", "tangerine-4711", "HIDDEN-TESTS-OF-THE-VAULT", "REFERENCE-OF-THE-VAULT", "NEIGHBOUR-MARK",
    "root:x:", SEED,
)  # fmt: skip
NEIGHBOUR = b'"""NEIGHBOUR-MARK"""\nimport time\n\n\ndef label(n):\n    time.sleep(0.8)\n    return f"key-{n}"\n'


@dataclass
class Arena:
    """One warm grader, and what it was like before any attack."""

    grader: Grader
    targets: object
    honest: dict[str, Report]
    memory_mb: float

    def grade(self, slug: str, upload: Upload, seed: str = SEED) -> Report:
        return self.grader.grade(self.targets.find(slug), upload, seed=seed)

    def reference(self, slug: str) -> Upload:
        return Upload(f"{slug}.py", self.targets.find(slug).reference.read_bytes())

    def processes(self) -> dict[int, set[int]]:
        parents = (self.grader._candidates.pid, self.grader._examiners.pid)
        return {pid: set(children(pid)) for pid in parents}


@pytest.fixture(scope="module")
def arena(targets):
    missing = broken_layers()
    if missing:
        pytest.skip(f"no sandbox on this host: {missing[0].name}: {missing[0].detail}")
    # A grading whose tests do not end is given up soon; the default is meant for slow hosts.
    with pytest.MonkeyPatch.context() as patch, Grader(targets) as grader:
        patch.setattr("grader.transcript._GRACE", 4.0)
        arena = Arena(grader, targets, {}, 0.0)
        with MemoryWatch(grader._examiners.pid) as memory:
            for slug in targets.slugs():
                arena.honest[slug] = arena.grade(slug, arena.reference(slug))
        arena.memory_mb = memory.peak_mb
        yield arena


def test_honest_submissions_get_everything(arena):
    assert {slug: report.score for slug, report in arena.honest.items()} == {"vault": 17, "ban": 2, "learner": 7}


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_attack_gets_what_it_must(arena, case):
    before, tree, files = arena.processes(), digest(arena.targets.exercises.parent), litter()
    own = digest(FOLDER)
    with _beside(arena, case.fields.get("beside")), MemoryWatch(arena.grader._examiners.pid) as memory:
        for _ in range(int(case.fields.get("times", 1))):
            start = time.monotonic()
            report = arena.grade(case.target, case.upload())
            seconds = time.monotonic() - start
    wrong = [*_unearned(case, report, arena.honest[case.target]), *_told(report, arena)]
    left = [pid for parent, known in before.items() for pid in wait_until_gone(parent, known)]
    wrong += [f"process {pid} is still there" for pid in left]
    wrong += [f"left on the host: {path}" for path in wait_until_clean(files)]
    if digest(arena.targets.exercises.parent) != tree or digest(FOLDER) != own:
        wrong.append("files of the exercises were changed")
    room = memory_of_examiner(arena.targets.find(case.target).config.limits)
    if memory.peak_mb > arena.memory_mb + room:
        wrong.append(f"the examiner grew to {memory.peak_mb:.0f} MB, {arena.memory_mb:.0f} MB are usual")
    if seconds > case.seconds:
        wrong.append(f"the grading took {seconds:.1f} s, {case.seconds:.0f} s are the limit")
    wrong += _after(arena, case)
    assert not wrong, "\n".join(wrong)


def _unearned(case: Case, report: Report, honest: Report) -> list[str]:
    """What is wrong with points and verdicts."""
    if report.owner is Owner.STUDENT and not case.is_exact:
        return [] if report.tests == () and report.score == 0 else ["refused, and yet there are results"]
    wrong = [] if report.owner is None else [f"owner {report.owner}: {report.message}"]
    passed = [test.name for test in report.tests if test.verdict is Verdict.PASSED and test.points]
    if report.score > case.points or (case.is_exact and report.score != case.points):
        wrong.append(f"{report.score:g} points, {case.fields['must get']} wanted; passed: {passed}")
    if [test.name for test in report.tests] != [test.name for test in honest.tests]:
        wrong.append(f"other tests than announced: {[test.name for test in report.tests]}")
    if report.max_score != honest.max_score:
        wrong.append(f"counts {report.max_score:g} of {honest.max_score:g} points")
    return wrong


def _told(report: Report, arena: Arena) -> list[str]:
    """Secrets in what the student reads; and the attack's own cry, anywhere."""
    shown = [report.to_dict(language) for language in LANGUAGES]
    for page in shown:
        del page["seed"]  # it is secret until the grading is over
    text = json.dumps(shown, ensure_ascii=False)
    secrets = (*SECRETS, str(arena.targets.solutions), str(arena.targets.exercises))
    wrong = [f"the student reads {secret!r}" for secret in secrets if secret in text]
    cries = [test.name for test in report.tests if "GOTCHA" in test.output]
    return [*wrong, f"GOTCHA in {cries}"] if cries else wrong


def _after(arena: Arena, case: Case) -> list[str]:
    """The next honest submission."""
    report = arena.grade(case.target, arena.reference(case.target))
    honest = arena.honest[case.target].without_times()
    return [] if report.without_times() == honest else [f"the next honest one gets {report.score:g} points"]


@contextmanager
def _beside(arena: Arena, what: str | None):
    """What runs while the attack does."""
    if what == "a grading of another student":
        thread = threading.Thread(target=arena.grade, args=("vault", Upload("vault.py", NEIGHBOUR)))
        thread.start()
        time.sleep(0.1)
        yield
        thread.join()
    elif what == "a service that listens":
        with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as named:
            path = f"/tmp/gotcha-service-{os.getpid()}"
            for server, address in ((abstract, "\0gotcha-service"), (named, path)):
                server.bind(address)
                server.listen()
            yield
            os.unlink(path)
    else:
        yield


HARMFUL = (
    "52_fork_bomb_without_end",
    "53_memory_in_children",
    "54_endless_output",
    "56_starve_itself",
    "56_loop_in_the_call",
)


@pytest.mark.parametrize("name", HARMFUL)
def test_harm_leaves_a_grading_beside_it_alone(arena, name):
    case = next(case for case in CASES if case.name == name)
    with ThreadPoolExecutor(1) as pool:
        attack = pool.submit(arena.grade, "vault", case.upload())
        time.sleep(0.2)
        report = arena.grade("vault", arena.reference("vault"))
        attack.result()
    assert report.without_times() == arena.honest["vault"].without_times()


def test_every_attack_says_what_it_must_get():
    needed = {"class", "tries", "must get", "control"}
    assert [case.name for case in CASES if not needed <= case.fields.keys()] == []


def test_attacks_cover_many_classes():
    numbers = {int(case.name.partition("_")[0]) for case in CASES}
    assert len(numbers) >= 40
