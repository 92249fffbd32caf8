"""A class goes through nbgrader's whole cycle with a portal, for real, and what came of it is checked.

    python -m benchmarks.nbgrader_class [--students 30] [--screens FOLDER]

The instructor releases, collects, grades and returns in the formgrader, in a browser. The first three students work in
JupyterLab and its list of assignments, all others type nbgrader's commands. It ends with status 1 where a student has
other points than expected, or not exactly their own feedback.
"""

from __future__ import annotations

import argparse
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat

from benchmarks.nbgrader_class import outcome
from benchmarks.nbgrader_class.pupil import Pupil, generate
from benchmarks.nbgrader_class.school import COURSE, PASSWORD, TEACHER, School
from benchmarks.nbgrader_class.terminal import ROOT, nbgrader, run
from grader.exercise import default_catalogue
from tests.browser.chromium import launch
from tests.browser.lab import AssignmentList, FormGrader, Server
from tests.browser.student import Student

ASSIGNMENTS = ("sigmoid", "cross_entropy")
#: the one that is graded in the formgrader and has a question in words; the other one by commands
SHOWN, TYPED = ASSIGNMENTS
#: this many students use JupyterLab
IN_LAB = 3
PACKAGES = ("nbgrader", "jupyterlab", "notebook", "jupyter_server", "nbconvert", "sqlalchemy", "torch", "playwright")
WIDTHS = {"desktop": 1280, "phone": 390}
LATE = """
c.LateSubmissionPlugin.penalty_method = "zero"
"""


class Cycle:
    """The story, in the order in which it is told."""

    def __init__(self, school: School, browser: Any, screens: Path | None, language: str) -> None:
        self.school, self.browser = school, browser
        self.screens, self.language = screens, language
        self.times: dict[str, float] = {}
        self.wrong: list[str] = []
        self.course = school.home(TEACHER) / COURSE

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say what is done, and note how long it takes."""
        print(f"{name} …", end=" ", flush=True)
        start = time.perf_counter()
        yield
        self.times[name] = time.perf_counter() - start
        print(f"{self.times[name]:.1f} s", flush=True)

    def shoot(self, page: Any, name: str) -> None:
        """Keep a screenshot."""
        if self.screens:
            page.wait_for_timeout(400)  # dialogs and menus fade
            page.screenshot(path=self.screens / f"{name}.png")

    def prepare(self) -> None:
        """From nothing to an assignment that can be released, by commands."""
        home, variables = self.school.home(TEACHER), self.school.variables(TEACHER)
        home.mkdir(parents=True)
        words = ["--course", COURSE, "--url", self.school.url, "--lang", self.language]
        run(home, variables, "grader", "nbgrader", "init", COURSE, *words)
        with (self.course / "nbgrader_config.py").open("a") as config:
            config.write(LATE)
        for slug in ASSIGNMENTS:
            words = ["--manual"] if slug == SHOWN else []
            words += ["--to", str(self.course), "--lang", self.language]
            run(ROOT, variables, "grader", "nbgrader", "export", slug, *words)
            run(self.course, variables, "nbgrader", "generate_assignment", slug)
            said = run(self.course, variables, "nbgrader", "validate", f"source/{slug}/{slug}.ipynb")
            assert "Success! Your notebook passes all the tests." in said, said
        roster = self.course / "roster.csv"
        lines = [f'{each.login},"{each.first}","{each.last}"' for each in self.school.pupils]
        roster.write_text("\n".join(["id,first_name,last_name", *lines]), encoding="utf-8")
        run(self.course, variables, "nbgrader", "db", "student", "import", str(roster))

    def release(self, grading: FormGrader) -> None:
        """Release both assignments."""
        grading.open_formgrader()
        self.shoot(grading.page, "formgrader-1-draft")
        for slug in ASSIGNMENTS:
            grading.press(slug, "release")
        self.shoot(grading.page, "formgrader-2-released")

    def work_in_lab(self, pupil: Pupil) -> None:
        """Fetch, write, test and hand in, in JupyterLab: each answer after the other."""
        with self.lab(pupil) as window:
            window.open_list()
            window.fetch(SHOWN)
            self.shoot(window.page, f"lab-{pupil.kind}-1-fetched")
            folder = self.school.desk(pupil.login) / SHOWN
            fetched = nbformat.read(folder / f"{SHOWN}.ipynb", 4).cells
            ids = [each.metadata.get("nbgrader", {}).get("grade_id", "") for each in fetched]
            window.open_notebook(SHOWN)
            for number, answer in enumerate(pupil.answers[SHOWN]):
                places = [place for place, id in enumerate(ids) if id.startswith("solution-")]
                texts = answer.cells([ids[place].removeprefix("solution-") for place in places])
                for place, text in zip(places, texts, strict=True):
                    window.write(place, text)
                if not number:
                    window.write_text(len(ids) - 1, pupil.words)
                for place, cell in enumerate(fetched):
                    if cell.cell_type == "code":
                        window.run(place)
                self.shoot(window.page, f"lab-{pupil.kind}-2-tests-{number + 1}")
                if not number:
                    window.add(len(ids) - 1, 'from grader import check\n\ncheck("sigmoid")')
                said = window.run(len(ids))
                assert "7" in said, said
                window.cells.nth(len(ids)).scroll_into_view_if_needed()
                self.shoot(window.page, f"lab-{pupil.kind}-3-check-{number + 1}")
                window.save()
                window.show_tab("Assignments")
                window.submit(SHOWN, number + 1)
                self.shoot(window.page, f"lab-{pupil.kind}-4-submitted-{number + 1}")
                window.show_tab(f"{SHOWN}.ipynb")

    @contextmanager
    def lab(self, pupil: Pupil) -> Iterator[AssignmentList]:
        """A student's JupyterLab, and a window on it."""
        server = Server(self.school.desk(pupil.login), self.school.variables(pupil.login))
        try:
            server.wait()
            window = AssignmentList(self.browser, server.address)
            yield window
            window.close()
        finally:
            server.stop()

    def type(self, pupil: Pupil, *words: str) -> str:
        """A student types a command."""
        return nbgrader(self.school.desk(pupil.login), self.school.variables(pupil.login), *words)

    def hand_in(self, pupil: Pupil, slug: str) -> None:
        """Fetch and hand in by commands what can be handed in by now."""
        self.type(pupil, "fetch_assignment", slug)
        answers = pupil.answers[slug]
        if pupil.is_late and slug == SHOWN:
            answers = answers[:-1]
        for answer in answers:
            self.school.write(pupil, slug, answer)
            assert f"Submitted as: {COURSE} {slug}" in self.type(pupil, "submit", slug)

    def hand_in_late(self, pupil: Pupil) -> None:
        """Hand in what comes after the due date."""
        self.school.write(pupil, SHOWN, pupil.answers[SHOWN][-1])
        self.type(pupil, "submit", SHOWN)

    def all(self, do: Callable[..., Any], pupils: Iterable[Pupil], *words: Any) -> None:
        """Several at a time."""
        with ThreadPoolExecutor(4) as threads:
            for each in [threads.submit(do, pupil, *words) for pupil in pupils]:
                each.result()

    def collect(self, grading: FormGrader) -> None:
        """Collect, and autograde what is new."""
        grading.show("manage_assignments")
        said = grading.press(SHOWN, "collect")
        assert "Processing" in said, said
        grading.row(SHOWN).locator("td.num-submissions a").click()
        # The first page of the table shows all of them only in small classes.
        due = grading.frame.locator("td.status", has_text="needs autograding")
        due.first.wait_for()
        self.shoot(grading.page, "formgrader-3-collected")
        while grading.frame.locator("td.status", has_text="needs autograding").count():
            row = grading.frame.locator("#main-table tr", has_text="needs autograding").first
            login = str(row.locator("td.student-id").inner_text())
            grading.press(login, "autograde")
        self.shoot(grading.page, "formgrader-4-autograded")

    def judge(self, grading: FormGrader) -> None:
        """Give points for the answer in words, and a remark, one submission after the other."""
        names = {f"{each.last}, {each.first}": each for each in self.school.pupils}
        frame = grading.show(f"gradebook/{SHOWN}/{SHOWN}")
        grading.row("Submission").first.wait_for()
        self.shoot(grading.page, "formgrader-5-manual")
        frame.locator("td.name a").first.click()
        for number in range(len(self.school.pupils)):
            frame = grading.frame
            frame.locator("#explanation").wait_for()
            shown = frame.locator(".breadcrumb .name-shown").first.inner_text()
            pupil = next(each for name, each in names.items() if name in shown)
            grading.grade("explanation", f"{pupil.points:g}", pupil.remark)
            if not number:
                self.shoot(grading.page, "formgrader-6-judged")
            if number < len(self.school.pupils) - 1:
                grading.go_on()

    def give_back(self, grading: FormGrader) -> None:
        """Make feedback and release it."""
        grading.show("manage_assignments")
        for column in ("generate-feedback", "release-feedback"):
            said = grading.press(SHOWN, column)
            assert "ERROR" not in said, said
        grading.show("gradebook")
        grading.row(SHOWN).first.wait_for()
        self.shoot(grading.page, "formgrader-7-gradebook")
        grading.show("manage_students")
        grading.row(self.school.pupils[0].login).first.wait_for()
        self.shoot(grading.page, "formgrader-8-students")

    def read_in_lab(self, pupil: Pupil) -> None:
        """Fetch the feedback in JupyterLab and read it."""
        with self.lab(pupil) as window:
            window.open_list()
            window.fetch_feedback(SHOWN)
            self.shoot(window.page, f"lab-{pupil.kind}-5-feedback")
            text = window.read_feedback(SHOWN)
            assert pupil.remark in text, text[:500]
            self.shoot(window.page, f"lab-{pupil.kind}-6-reads")

    def type_the_other(self) -> None:
        """What the instructor does with the other assignment, by commands."""
        variables = self.school.variables(TEACHER)
        for words in (("collect",), ("autograde",), ("generate_feedback",), ("release_feedback",)):
            with self.step(f"nbgrader {words[0]} {TYPED}"):
                run(self.course, variables, "nbgrader", *words, TYPED)

    def visit_portal(self) -> None:
        """Look at the portal's own pages about it, in both languages and widths."""
        pupil = self.school.pupils[0]
        for tag in ("en", "pt-BR"):
            for width, pixels in WIDTHS.items():
                for login, paths in (
                    (TEACHER, (f"/courses/{COURSE}/nbgrader", f"/courses/{COURSE}/nbgrader/assignments/{SHOWN}")),
                    (pupil.login, ("/nbgrader",)),
                ):
                    size = {"width": pixels, "height": 900}
                    reader = Student(self.browser, self.school.url, tag, viewport=size)
                    reader.page.goto("/log-in")
                    reader.page.get_by_label(reader.say("User name or e-mail address"), exact=True).fill(login)
                    reader.page.get_by_label(reader.say("Password"), exact=True).fill(PASSWORD)
                    main = reader.page.get_by_role("main")
                    main.get_by_role("button", name=reader.say("Log in"), exact=True).click()
                    reader.page.wait_for_load_state()
                    for path in paths:
                        reader.open(path)
                        name = path.strip("/").replace("/", "-")
                        self.shoot(reader.page, f"portal-{name}-{tag}-{width}")
                    self.wrong += [f"{tag}, {width}: {each}" for each in reader.wrong]
                    reader.context.close()

    def tell(self) -> None:
        """The whole story."""
        school = self.school
        in_lab, typing = school.pupils[:IN_LAB], school.pupils[IN_LAB:]
        with self.step("init, export, generate_assignment, validate"):
            self.prepare()
        server = Server(self.course, school.variables(TEACHER))
        try:
            server.wait()
            grading = FormGrader(self.browser, server.address)
            with self.step("release, in the formgrader"):
                self.release(grading)
            for pupil in in_lab:
                with self.step(f"{pupil.login} ({pupil.kind}) works in JupyterLab"):
                    self.work_in_lab(pupil)
            with self.step(f"{len(typing)} students fetch and submit {SHOWN}, by commands"):
                self.all(self.hand_in, typing, SHOWN)
            with self.step(f"{len(school.pupils)} students fetch and submit {TYPED}, by commands"):
                self.all(self.hand_in, school.pupils, TYPED)
            due = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
            grading.show("manage_assignments")
            grading.set_due(SHOWN, due)
            self.shoot(grading.page, "formgrader-2-due")
            with self.step("collect and autograde, in the formgrader"):
                self.collect(grading)
            time.sleep(max(0.0, (due - datetime.now(UTC)).total_seconds() + 1))
            with self.step("late ones hand in, are collected and autograded"):
                self.all(self.hand_in_late, [each for each in school.pupils if each.is_late])
                self.collect(grading)
            with self.step("points and remarks by hand, in the formgrader"):
                self.judge(grading)
            with self.step("generate and release feedback, in the formgrader"):
                self.give_back(grading)
            self.type_the_other()
            for pupil in in_lab:
                with self.step(f"{pupil.login} fetches and reads the feedback in JupyterLab"):
                    self.read_in_lab(pupil)
            with self.step("everybody fetches feedback, by commands"):
                self.all(self.type, typing, "fetch_feedback", SHOWN)
                self.all(self.type, school.pupils, "fetch_feedback", TYPED)
            run(self.course, school.variables(TEACHER), "nbgrader", "export", "--to", "grades.csv")
        finally:
            server.stop()
        self.visit_portal()


def report(cycle: Cycle) -> bool:
    """Print what came of it. Gives whether all is as expected."""
    school = cycle.school
    expected = outcome.expect(school.pupils, default_catalogue(), ASSIGNMENTS)
    found = outcome.read_export(cycle.course / "grades.csv")
    feedback = outcome.check_feedback(school, ASSIGNMENTS)
    print(f"\n{'student':24}{'kind':16}" + "".join(f"{slug + ': expected, found':>36}" for slug in ASSIGNMENTS))
    is_right = True
    for number, pupil in enumerate(school.pupils):
        points = [(expected[pupil.login, slug], found.get((pupil.login, slug))) for slug in ASSIGNMENTS]
        problems = feedback[pupil.login]
        problems += ["points" for want, got in points if got is None or abs(want - got) > 1e-6]
        is_right &= not problems
        line = "".join(f"{want:>28.2f}{'–' if got is None else format(got, '.2f'):>8}" for want, got in points)
        where = " JupyterLab" if number < IN_LAB else ""
        print(f"{pupil.login:24}{pupil.kind:16}{line}  {'; '.join(problems) or 'own feedback'}{where}")
    print()
    for name, seconds in cycle.times.items():
        print(f"{seconds:8.1f} s  {name}")
    print("\n" + ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    print(f"Python {platform.python_version()}, Chromium {cycle.browser.version}, {len(school.pupils)} students")
    for each in cycle.wrong:
        print(f"portal: {each}")
    return is_right and not cycle.wrong


def main() -> None:
    """Run it."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--students", type=int, default=30, help="at least three")
    words.add_argument("--screens", type=Path, help="folder for screenshots")
    words.add_argument("--lang", choices=("en", "pt-BR"), default="en", help="language of notebooks")
    words.add_argument("--seed", type=int, default=1)
    chosen = words.parse_args()
    # Whoever ends it ends what it has started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    from playwright.sync_api import sync_playwright

    if chosen.screens:
        chosen.screens.mkdir(parents=True, exist_ok=True)
    catalogue = default_catalogue()
    exercises = [catalogue.find(slug) for slug in ASSIGNMENTS]
    pupils = generate(max(chosen.students, IN_LAB), exercises, catalogue.solutions, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="class-") as folder, sync_playwright() as playwright:
        browser = launch(playwright)
        school = School(Path(folder), pupils)
        try:
            cycle = Cycle(school, browser, chosen.screens, chosen.lang)
            cycle.tell()
            is_right = report(cycle)
        finally:
            school.close()
            browser.close()
    sys.exit(not is_right)


if __name__ == "__main__":
    main()
