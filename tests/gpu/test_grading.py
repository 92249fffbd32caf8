"""Gradings on a real GPU, with submissions that are right, greedy or broken."""

import threading
from pathlib import Path

import pytest

from grader.device.gpu import threads_of
from grader.device.nvml import Nvml
from grader.exercise import Catalogue
from grader.pool import Grader
from grader.report import Verdict
from grader.settings import load_settings
from tests.conftest import ROOT
from tests.gpu.conftest import SOLUTION
from tests.grader.device.tree import upload

MISBEHAVE = 'def misbehave():\n    return "fine"\n'


@pytest.fixture
def grade(grader, catalogue):
    """Grades a submission on some GPU."""

    def run(source=SOLUTION, **options):
        return grader.grade(catalogue.find("twin"), upload(source), **{"device": "cuda", **options})

    return run


def by_name(report):
    return {test.name: test for test in report.tests}


def misbehaving(body):
    return SOLUTION.replace(MISBEHAVE, "def misbehave():\n" + "".join(f"    {line}\n" for line in body))


def test_a_right_solution_gets_everything_and_the_report_names_the_gpu(grade, gpu):
    report = grade()
    assert {name: test.message for name, test in by_name(report).items() if test.verdict is not Verdict.PASSED} == {}
    assert report.score == report.max_score
    assert gpu.name in report.hardware
    assert report.device.startswith("cuda:")


def test_the_start_of_cuda_is_not_the_students_time(grade):
    # budget_s is 1.5: CUDA alone takes longer in many a process, and a run has a fresh one.
    assert by_name(grade())["test_trains"].runs == [1.0, 1.0]


def test_more_memory_than_the_exercise_allows_is_too_big(grade):
    source = misbehaving(['held = torch.empty(3 << 30, dtype=torch.uint8, device="cuda")', 'return "fine"'])
    found = by_name(grade(source))
    assert found["test_misbehaves"].verdict is Verdict.TOO_BIG
    assert "2048 MB of the GPU's memory" in found["test_misbehaves"].message["en"]
    assert found["test_comes_after"].verdict is Verdict.PASSED


def test_whoever_lifts_torchs_bound_is_seen_from_outside(grade, gpu):
    lines = [
        "import time",
        "torch.cuda.set_per_process_memory_fraction(1.0)",
        'held = torch.zeros(5 << 30, dtype=torch.uint8, device="cuda")',
        "torch.cuda.synchronize()",
        "time.sleep(8)",
        'return "fine"',
    ]
    if Nvml().used(gpu.uuid) is None:
        pytest.skip("nvidia-ml-py is not installed: memory is not watched from outside")
    found = by_name(grade(misbehaving(lines)))["test_misbehaves"]
    assert found.verdict is Verdict.TOO_BIG
    assert "GPU's memory" in found.message["en"]


@pytest.mark.parametrize(
    "taken",
    [
        "torch.ones(1 << 29)",
        "torch.empty(1 << 29, pin_memory=True)",
        "[torch.empty(1 << 27, pin_memory=True) for _ in range(4)]",
    ],
)
def test_memory_of_the_host_is_bounded_too(grade, taken):
    lines = ["import time", f"held = {taken}", "time.sleep(3)", 'return "fine"']
    assert by_name(grade(misbehaving(lines)))["test_misbehaves"].verdict is Verdict.TOO_BIG


def test_a_candidate_sees_its_own_gpu_and_nothing_else(grade):
    lines = [
        "import glob, os",
        "assert torch.cuda.device_count() == 1",
        "nodes = sorted(glob.glob('/dev/nvidia*'))",
        "assert len(nodes) == 3, nodes",
        "assert sorted(os.listdir('/proc/driver/nvidia')) == ['params']",
        "assert not os.path.exists('/proc/meminfo')",
        "assert not os.path.exists('/etc/passwd')",
        'return "fine"',
    ]
    found = by_name(grade(misbehaving(lines)))["test_misbehaves"]
    assert found.verdict is Verdict.PASSED, found.message


def test_what_breaks_cuda_in_a_candidate_breaks_nothing_else(grader, grade):
    lines = [
        'torch.zeros(3, device="cuda")[torch.tensor([7], device="cuda")]',
        "torch.cuda.synchronize()",
        'return "fine"',
    ]
    found = by_name(grade(misbehaving(lines)))
    assert found["test_misbehaves"].verdict is Verdict.CRASHED
    assert all(standing.fault == "" for standing in grader.ledger.standings())
    assert grade().awaits_gpu is False


def test_an_endless_training_is_stopped_and_the_gpu_is_free_again(grader, grade):
    source = SOLUTION.replace("    for _ in range(5):", "    while True:")
    found = by_name(grade(source))
    assert found["test_trains"].verdict is Verdict.TOO_SLOW
    assert found["test_comes_after"].verdict is Verdict.PASSED
    assert [standing.gradings for standing in grader.ledger.standings()] == [0] * len(grader.ledger.gpus)


def test_several_small_gradings_share_a_gpu(grader, gpu, grade):
    reports, most = {}, []

    def run(number):
        reports[number] = grade(
            device=gpu.label, on_event=lambda event: most.append(grader.ledger.standings()[gpu.number].gradings)
        )

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    assert all(report.score == report.max_score for report in reports.values())
    assert len(reports) == 3
    if gpu.accounts and gpu.memory_mb > 4 * (2048 + 1024):
        assert max(most) > 1


def test_the_same_seed_gives_the_same_verdicts(grade):
    first, second = (grade(seed="7").without_times() for _ in range(2))
    assert [(test.name, test.verdict, test.earned) for test in first.tests] == [
        (test.name, test.verdict, test.earned) for test in second.tests
    ]


def test_processors_are_graded_as_before_beside_a_gpu(grade):
    report = grade(device="cpu")
    assert by_name(report)["test_adds"].verdict is Verdict.PASSED
    assert report.awaits_gpu


def exercises():
    catalogue = Catalogue(ROOT / "exercises", ROOT / "solutions")
    return [each for each in catalogue if each.config.training and each.config.training.gpu and each.reference]


@pytest.mark.parametrize("exercise", exercises(), ids=lambda exercise: exercise.slug)
def test_each_reference_gets_full_points_on_the_gpu(exercise, gpus, isolated):
    catalogue = Catalogue(ROOT / "exercises", ROOT / "solutions")
    with Grader(catalogue, gpus=gpus, threads=threads_of(1), data=Path(load_settings().data)) as grader:
        report = grader.grade(exercise, exercise.reference, device="cuda")
    missed = {test.name: test.message for test in report.tests if test.device and test.verdict is not Verdict.PASSED}
    assert missed == {}
