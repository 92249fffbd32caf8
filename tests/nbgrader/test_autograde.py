"""``nbgrader autograde`` with Gradiente's preprocessors: honest notebooks, and those that want what is not theirs.

Each cheat is graded by nbgrader's own pipeline, too, as a control that it works there.
"""

from __future__ import annotations

import json
import os
import warnings

import pytest

from tests.nbgrader.cheats import CHANGES, CHEATS, WRONG
from tests.nbgrader.grading import STOCK, Course, need_a_sandbox, warm_nbgrader

RIGHT = "def double(x):\n    return 2 * x"
HONEST = {
    "ana": RIGHT,
    #: only what students see of the tests is right
    "bia": "def double(x):\n    return 6 if x == 3 else 0",
    "caio": "def double(x:",
    #: nbgrader gives no point where anything is written to standard error
    "noisy": "import warnings\n\n\ndef double(x):\n    warnings.warn('slow')\n    return 2 * x",
    #: no end: nbgrader alone would wait for as long as a cell may take
    "endless": "import time\n\n\ndef double(x):\n    while True:\n        time.sleep(1)",
    #: has a point less, by hand
    "gil": RIGHT,
}
#: what a right answer is worth before anybody looks, and a wrong one
FULL = {"odd": 3, "words": 2, "partly": None, "why": 0}
NOTHING = FULL | {"odd": 0, "words": 0}
#: these are graded a second time, with the sandboxed kernel for the rest
IN_KERNEL = ("bia", "noisy", "forge_output", "end_process", "loud")
#: in a page, what is active of it must go, and the rest must stay
PAINTED = """<img src=x onerror="alert('image')"> <script>alert('text')</script> [here](javascript:alert('link'))
<iframe srcdoc="<b>frame</b>"></iframe> $a < b_1$ and $$\\frac{1}{2}$$ <b>bold</b>

![dot](data:image/png;base64,iVBORw0K)
"""
OTHERS_KERNEL = {"display_name": "Other", "language": "python", "name": "other"}


def mutilate(cells):
    """What students do to cells that they should leave alone."""
    kept = [each for each in cells if each["metadata"].get("nbgrader", {}).get("grade_id") != "words"]
    for cell in kept:
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade_id") == "given":
            cell["source"] = "FACTOR = 0"
        if marks.get("grade_id") == "odd":
            cell["source"], marks["points"], marks["locked"] = "assert True", 99, False
    return kept


def paint(cells):
    """What students write between the cells."""
    raw = {"cell_type": "raw", "metadata": {"raw_mimetype": "text/html"}, "source": "<script>alert('raw')</script>kept"}
    return [{"cell_type": "markdown", "metadata": {"tags": ['"><i>']}, "source": PAINTED}, raw, *cells]


def hand_in_cheats(course):
    """What both pipelines grade, in an order in which nbgrader's own comes to most of it."""
    course.run(["generate_assignment", "ps1"])
    course.hand_in("ana", RIGHT)
    for name, cheat in CHEATS.items():
        course.hand_in(name, cheat.code).with_name("submission_secret.txt").write_text("a secret")
    path = course.hand_in("link", "")
    path.unlink()
    path.symlink_to(os.path.relpath(course.folder / "source" / "ps1" / "p.ipynb", path.parent))
    folder = course.folder / "submitted" / "loud" / "ps1"
    folder.joinpath("notes.txt").symlink_to(course.folder / "nbgrader_config.py")
    folder.joinpath("helper.py").unlink()
    folder.joinpath("helper.py").symlink_to(course.folder / "nbgrader_config.py")
    course.hand_in("painted", RIGHT, paint)
    course.hand_in("z-duplicate", WRONG, CHANGES["duplicate"])
    course.hand_in("zz-zoe", RIGHT)


def hand_in_more(course):
    """What our pipeline alone grades."""
    for name, code in HONEST.items():
        course.hand_in(name, code)
    course.hand_in("dora", "def double(x):\n    return FACTOR * x", mutilate)
    for name, change in CHANGES.items():
        course.hand_in(f"z-{name}", WRONG, change, kernelspec=OTHERS_KERNEL)
    for name in IN_KERNEL:
        path = course.hand_in(f"kernel-{name}", HONEST[name] if name in HONEST else CHEATS[name].code)
        path.with_name("submission_secret.txt").write_text("a secret")
    with course.book() as book, warnings.catch_warnings(action="ignore"):  # of nbgrader's own making
        book.add_student("gil")
        book.add_submission("ps1", "gil")
        book.find_grade("words", "p", "ps1", "gil").manual_score = 1.5
        book.db.commit()


@pytest.fixture(scope="module")
def courses(tmp_path_factory):
    """The same course twice: with nbgrader's own pipeline, and with ours."""
    need_a_sandbox()
    with warm_nbgrader() as warm:
        stock = Course(tmp_path_factory.mktemp("stock"), warm, STOCK)
        hand_in_cheats(stock)
        stock.log = stock.run(["autograde", "ps1"], ["generate_feedback", "ps1", "--student=loud"],
                              ["generate_feedback", "ps1", "--student=painted"], status=1)  # fmt: skip
        ours = Course(tmp_path_factory.mktemp("ours"), warm)
        hand_in_cheats(ours)
        hand_in_more(ours)
        without = ",".join(f"kernel-{name}" for name in IN_KERNEL)
        ours.log = ours.run(
            ["autograde", "ps1", f"--CourseDirectory.student_id_exclude={without}"],
            ["autograde", "ps1", "--student=kernel-*", "--ExternalGrade.rest=kernel"],
            *(["generate_feedback", "ps1", f"--student={name}"] for name in ("bia", "painted", "*noisy", "*loud")),
            status=1,
        )
        yield stock, ours


@pytest.fixture
def stock(courses):
    return courses[0]


@pytest.fixture
def ours(courses):
    return courses[1]


def test_cells_get_their_points(ours):
    assert ours.scores("ana") == FULL
    assert ours.scores("bia") == NOTHING
    assert ours.scores("caio") == NOTHING
    assert ours.waiting("ana") == ours.waiting("bia") == {"partly"}


def test_warnings_cost_no_points(ours):
    assert ours.scores("noisy") == FULL


def test_the_notebook_says_what_happened_and_no_hidden_value(ours):
    assert ours.shown("ana")["odd"].startswith("✓ ")
    shown = ours.shown("bia")
    assert shown["odd"].startswith("✓ ")
    assert "✗ " in shown["odd"]
    assert "-10" not in shown["odd"]
    assert "abab" not in shown["words"]
    assert "SyntaxError" in ours.shown("caio")["odd"]


def test_the_log_names_what_a_person_has_to_grade(ours):
    assert "Cell partly is left for a person to grade: gives a part of its points by the value" in ours.log
    assert "ana, p: " in ours.log


def test_points_given_by_hand_outlive_a_grading(ours):
    with ours.book() as book:
        grade = book.find_grade("words", "p", "ps1", "gil")
        assert (grade.auto_score, grade.manual_score, grade.score) == (2, 1.5, 1.5)
        assert grade.needs_manual_grade
        assert book.find_grade("odd", "p", "ps1", "gil").score == 3


def test_cells_that_a_student_changes_or_deletes_are_back_before_the_grading(ours):
    assert ours.scores("dora") == FULL


def test_the_kernel_grades_the_rest_by_nbgraders_rule_and_somebody_looks(ours):
    # A warning costs nothing here, either.
    assert ours.scores("kernel-noisy") == FULL | {"partly": 2}
    assert ours.scores("kernel-bia") == NOTHING | {"partly": 0}
    assert ours.waiting("kernel-noisy") == ours.waiting("kernel-bia") == {"partly"}
    assert "Cell partly got 2 of 2 points in a kernel that the answer shares, and can have forged them" in ours.log
    shown = ours.shown("kernel-noisy")
    assert "UserWarning: slow" in shown["partly"]
    assert "These points come from a kernel that the tests share with the answer" in shown["partly"]
    # What the grader takes, it has graded: the kernel has no say in it.
    assert shown["odd"] == ours.shown("noisy")["odd"]


def test_feedback_shows_titles_verdicts_and_points_of_hidden_tests_and_not_their_text(ours):
    for student in ("bia", "noisy", "kernel-noisy"):
        assert "abab" in ours.graded(student).read_text()  # what the formgrader shows has them
        page = ours.feedback(student)
        assert "assert double(3) == 6\n# Hidden tests\n" in page
        assert "abab" not in page
        assert "-10" not in page
    page = ours.feedback("bia")
    assert "Odd: failed" in page
    assert "Score: 0.0 / 3.0" in page
    # In a kernel, an answer can have read hidden tests and written them anywhere.
    assert "UserWarning" not in ours.feedback("kernel-noisy")
    assert "may quote hidden tests" in ours.feedback("kernel-noisy")


@pytest.mark.parametrize("name", CHEATS)
def test_what_nbgrader_pays_for_earns_nothing_here(stock, ours, name):
    expected = CHEATS[name].stock
    if expected is None:
        assert not stock.graded(name).exists()
        assert f"error processing assignment: {stock.folder}/submitted/{name}/" in stock.log
    else:
        found = stock.scores(name)
        assert (found["odd"], found["words"]) == expected
    assert ours.scores(name) == NOTHING
    assert ours.waiting(name) == {"partly"}


@pytest.mark.parametrize("name", CHANGES)
def test_nobody_gains_by_changing_cells(ours, name):
    assert ours.scores(f"z-{name}") == NOTHING
    notebook = json.loads(ours.graded(f"z-{name}").read_text())
    assert notebook["metadata"]["kernelspec"]["name"] == "python"
    marks = [cell["metadata"].get("nbgrader", {}) for cell in notebook["cells"]]
    assert sorted(each["grade_id"] for each in marks if each.get("grade")) == ["odd", "partly", "why", "words"]
    assert sum(each["points"] for each in marks if each.get("grade")) == 11


def test_whoever_copies_a_cell_ends_nbgraders_run_for_all_who_follow_and_not_ours(stock, ours):
    assert not stock.graded("zz-zoe").exists()
    assert ours.scores("zz-zoe") == ours.scores("ana") == FULL


def test_what_never_ends_is_ended(ours):
    assert ours.scores("endless") == NOTHING
    assert "too slow" in ours.shown("endless")["odd"]


def test_nbgrader_grades_the_reference_where_a_notebook_is_a_link_to_it_and_we_do_not(stock, ours):
    assert stock.scores("link")["odd"] == 3
    assert not ours.graded("link").exists()
    assert "ps1/p.ipynb is a symbolic link, which students do not hand in" in ours.log
    failed = [line for line in ours.log.splitlines() if "error processing assignment '" in line]
    assert len(failed) == 1
    assert "student 'link'" in failed[0]


def test_links_bring_no_files_of_the_instructors(stock, ours):
    assert "configure(c" in stock.graded("loud").with_name("notes.txt").read_text()
    folder = ours.graded("loud").parent
    assert sorted(each.name for each in folder.iterdir()) == ["helper.py", "p.ipynb", "submission_secret.txt"]
    assert folder.joinpath("helper.py").read_text() == "X = 5\n"  # the instructor's own of that name
    assert "notes.txt is a symbolic link: it was left out" in ours.log


LOUD = ("loud", "kernel-loud")


def test_pages_show_nothing_active_of_the_students(stock, ours):
    assert "<script>alert('html')" in stock.page("loud")
    for name in LOUD:
        for text in (ours.page(name), json.dumps(ours.outputs(name))):
            assert "<script>alert(" not in text
            assert "<svg xmlns" not in text
            assert "<img src=x" not in text


def test_pages_keep_what_students_write_but_for_what_is_active(stock, ours):
    shown = stock.page("painted")
    assert all(text in shown for text in ("<script>alert('text')", "onerror=", "<iframe", "<b>bold</b>"))
    page = ours.page("painted")
    assert not any(text in page for text in ("alert(", "onerror", "<iframe", 'tag_"'))
    kept = ("$a &lt; b_1$", r"$$\frac{1}{2}$$", "<b>bold</b>", 'src="data:image/png;base64,iVBORw0K"', "kept")
    assert all(text in page for text in kept)
    assert ours.scores("painted") == FULL


def test_hidden_tests_and_secrets_stay_where_they_are(stock, ours):
    shown = "".join(stock.shown("loud").values())
    assert all(f"found {name}" in shown for name in ("gradebook.db", "submission_secret.txt", "p.ipynb", "source"))
    assert "heard ### BEGIN HIDDEN TESTS" in shown
    assert "abab" in stock.feedback("loud")
    for name in LOUD:
        assert "found " not in "".join(ours.shown(name).values())
        assert "abab" not in ours.feedback(name)


def test_a_flood_fills_no_notebook(stock, ours):
    assert stock.graded("loud").stat().st_size > 2_500_000
    for name in LOUD:
        assert ours.graded(name).stat().st_size < 100_000


def test_points_that_are_forged_in_the_kernel_wait_for_somebody_and_no_others_are(ours):
    assert ours.scores("kernel-forge_output") == NOTHING | {"partly": 2}
    assert ours.waiting("kernel-forge_output") == {"partly"}


def test_a_notebook_that_ends_its_kernel_loses_what_the_kernel_would_have_told(ours):
    assert ours.scores("kernel-end_process") == NOTHING
    assert ours.waiting("kernel-end_process") == {"partly"}
    assert "Cell partly is left for a person to grade: its kernel ended" in ours.log


def test_without_the_source_nothing_is_recorded_and_the_reason_is_said(ours):
    ours.hand_in("edu", RIGHT)
    (ours.folder / "source" / "ps1").rename(ours.folder / "elsewhere")
    try:
        log = ours.run(["autograde", "ps1", "--student", "edu"], status=1)
    finally:
        (ours.folder / "elsewhere").rename(ours.folder / "source" / "ps1")
    assert "The grader takes the tests from the source notebooks of the course" in log
    assert not ours.graded("edu").exists()


def test_the_command_that_starts_the_grader_early_is_the_same_command(ours):
    before = ours.scores("ana"), ours.shown("ana")
    told, status = ours.type("grader", "nbgrader", "autograde", "ps1", "--student=ana", "--force")
    assert status == 0, told
    assert "ana, p: 5 of 5 points" in told
    assert (ours.scores("ana"), ours.shown("ana")) == before

    # What is wrong with the words, nbgrader says; and its help is nbgrader's.
    assert "No notebooks were matched" in ours.type("grader", "nbgrader", "autograde", "ps2")[0]
    assert "--ExternalGrade" not in ours.type("grader", "nbgrader", "autograde", "--help")[0]
