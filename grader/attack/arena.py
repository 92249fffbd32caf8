"""One warm grader that is attacked, and what honest submissions get from it before and after."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from grader.attack.case import Case
from grader.attack.verdict import Finding, Harm, Trial, judge
from grader.attack.watch import (
    MemoryWatch,
    digest,
    litter,
    remove_litter,
    strangers,
    wait_until_clean,
    wait_until_gone,
)
from grader.errors import GraderError
from grader.exercise import Catalogue
from grader.grading import memory_of_examiner
from grader.pool import Grader
from grader.report import Report
from grader.submission import Upload

SEED = "seed-of-attacks-90125"
#: what another student hands in, slow enough to be graded at the same time
NEIGHBOUR = b'"""NEIGHBOUR-MARK"""\nimport time\n\n\ndef label(n):\n    time.sleep(0.6)\n    return f"key-{n}"\n'
#: seconds after which an examiner that is stuck is given up; the usual ones are meant for slow hosts
GRACE = 4.0


@dataclass(frozen=True)
class Outcome:
    """What came of one attack."""

    case: str
    seconds: float
    findings: tuple[Finding, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """Whether it got something that it must not get."""
        return bool(self.findings)


@dataclass(frozen=True)
class Usual:
    """A grading that nobody attacks."""

    report: Report
    #: the most that an examiner took
    memory_mb: float


@dataclass
class Arena:
    """A grader, started anew when an attack has broken it. ``without``: layers that are left out."""

    targets: Catalogue
    #: the folder of the corpus, which nothing may change
    corpus: Path
    data: Path | None = None
    without: frozenset[str] = frozenset()
    _usual: dict[str, Usual] = field(default_factory=dict)

    def __enter__(self) -> Arena:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.grader.close()

    def _start(self) -> None:
        self.grader = Grader(self.targets, data=self.data, without=self.without, grace=GRACE)
        self._neighbour: Report | None = None

    def usual(self, slug: str) -> Usual:
        """What the right solution gets and takes; measured before the first attack on its exercise."""
        if slug not in self._usual:
            with MemoryWatch(self.grader.pids[1]) as memory:
                report = self.grade(slug, self.reference(slug))
            self._usual[slug] = Usual(report, memory.peak_mb)
        return self._usual[slug]

    def grade(self, slug: str, upload: Upload, seed: str = SEED) -> Report:
        """Grade something that was handed in for one of the targets."""
        return self.grader.grade(self.targets.find(slug), upload, seed=seed, device="cpu")

    def reference(self, slug: str) -> Upload:
        """The right solution, as a student would hand it in."""
        found = self.targets.find(slug).reference
        assert found is not None
        return Upload(f"{slug}.py", found.read_bytes())

    def attempt(self, case: Case) -> Outcome:
        """Run one attack and say what it got. A grader that it broke is started anew."""
        start = time.monotonic()
        findings = self._attempt(case)
        if any(finding.harm in (Harm.OTHERS, Harm.GRADER) for finding in findings):
            self.grader.close()
            self._start()
        return Outcome(case.name, time.monotonic() - start, tuple(findings))

    def _attempt(self, case: Case) -> list[Finding]:
        usual = self.usual(case.target)
        pids, known = self.grader.pids, strangers(*self.grader.pids)
        files, trees = litter(), self._digests()
        found: list[Finding] = []
        reports: list[Report] = []
        seconds = 0.0
        with self._beside(case.fields.get("beside", ""), found), MemoryWatch(self.grader.pids[1]) as memory:
            for _ in range(case.times):
                start = time.monotonic()
                try:
                    reports.append(self.grade(case.target, case.upload()))
                except GraderError as error:
                    found.append(Finding(Harm.GRADER, f"no report: {error}"))
                seconds = time.monotonic() - start
        for report in reports:
            secrets = (str(self.targets.solutions), str(self.targets.exercises))
            found += judge(Trial(case, report, usual.report, (*secrets, SEED)))
        left = wait_until_gone(pids, known)
        for pid in left:  # or they would slow down whatever comes next
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        found += [Finding(Harm.TRACE, f"process {pid} is still there") for pid in left]
        found += [Finding(Harm.TRACE, f"left on the host: {path}") for path in wait_until_clean(files)]
        remove_litter(files)
        if self._digests() != trees:
            found.append(Finding(Harm.TRACE, "files of the exercises were changed"))
        room = memory_of_examiner(self.targets.find(case.target).config.limits)
        if memory.peak_mb > usual.memory_mb + room:
            grown = f"the examiner grew to {memory.peak_mb:.0f} MB, {usual.memory_mb:.0f} MB are usual"
            found.append(Finding(Harm.GRADER, grown))
        if seconds > case.seconds:
            found.append(Finding(Harm.GRADER, f"the grading took {seconds:.1f} s, {case.seconds:.0f} s are the limit"))
        found += self._after(case)
        if self.grader.pids != pids:
            found.append(Finding(Harm.GRADER, "a warm parent has ended"))
        return found

    def _digests(self) -> tuple[str, str]:
        return digest(self.targets.exercises.parent), digest(self.corpus / "submissions")

    def _after(self, case: Case) -> list[Finding]:
        """The next honest submission."""
        try:
            report = self.grade(case.target, self.reference(case.target))
        except GraderError as error:
            return [Finding(Harm.GRADER, f"the next honest one gets no report: {error}")]
        if _seen(report) == _seen(self.usual(case.target).report):
            return []
        return [Finding(Harm.OTHERS, f"the next honest one gets {report.score:g} points")]

    @contextmanager
    def _beside(self, what: str, found: list[Finding]) -> Iterator[None]:
        """What runs while the attack does."""
        if what == "a grading of another student":
            neighbour = Upload("vault.py", NEIGHBOUR)
            if self._neighbour is None:
                self._neighbour = self.grade("vault", neighbour)
            with self._grading(neighbour, self._neighbour, found):
                time.sleep(0.1)
                yield
        elif what == "an honest grading":
            with self._grading(self.reference("vault"), self.usual("vault").report, found, pause=0.2):
                yield
        elif what == "a service that listens":
            with _listening():
                yield
        else:
            yield

    @contextmanager
    def _grading(self, upload: Upload, wanted: Report, found: list[Finding], pause: float = 0.0) -> Iterator[None]:
        """Grade something honest at the same time, and look whether it gets what it gets alone."""
        got: list[Report] = []

        def run() -> None:
            time.sleep(pause)
            try:
                got.append(self.grade("vault", upload))
            except GraderError as error:
                found.append(Finding(Harm.OTHERS, f"the honest one beside it gets no report: {error}"))

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            thread.join()
        if got and _seen(got[0]) != _seen(wanted):
            found.append(Finding(Harm.OTHERS, f"the honest one beside it gets {got[0].score:g} points"))


def _seen(report: Report) -> dict[str, Any]:
    """What a student sees of a report: equal for equal submissions and seeds. Libraries print the time."""
    shown = report.without_times().to_dict()
    for test in shown["tests"]:
        del test["output"]
    return shown


@contextmanager
def _listening() -> Iterator[None]:
    """A service of the host, at an abstract address and at one in the file system."""
    with socket.socket(socket.AF_UNIX) as abstract, socket.socket(socket.AF_UNIX) as named:
        path = f"/tmp/gotcha-service-{os.getpid()}"
        for server, address in ((abstract, "\0gotcha-service"), (named, path)):
            server.bind(address)
            server.listen()
        try:
            yield
        finally:
            os.unlink(path)
