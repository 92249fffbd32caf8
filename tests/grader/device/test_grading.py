"""Grading with stand-ins for GPUs: everything happens as with a real one, but that torch calls it the CPU."""

import threading
from dataclasses import replace

import pytest

from grader.device.gpu import UnknownDevice
from grader.device.health import Finding
from grader.device.ledger import NoRoom, SickDevice
from grader.pool import Grader
from grader.report import Report, Verdict
from tests.grader.device.tree import CONFIG, HIDDEN, REFERENCE, stand_in, upload, write_tree

GPU_TEST = "test_trains_on_a_gpu"


class Clinic:
    """Says that GPUs are well, unless a test has said otherwise."""

    def __init__(self):
        self.sick = {}
        self.examined = []

    def __call__(self, gpu):
        self.examined.append(gpu.number)
        return Finding(self.sick.get(gpu.number, ""))


@pytest.fixture(scope="module")
def clinic():
    return Clinic()


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("twins"))


@pytest.fixture(scope="module")
def started(catalogue, clinic, sandboxed):
    with Grader(catalogue, gpus=[stand_in(0), stand_in(1)], check=clinic, threads=2) as grader:
        yield grader


@pytest.fixture
def grader(started, clinic):
    clinic.sick.clear()
    started.ledger.recheck()
    clinic.examined.clear()
    return started


@pytest.fixture
def twin(catalogue):
    return catalogue.find("twin")


def by_name(report):
    return {test.name: test for test in report.tests}


def gpu_test(report):
    return by_name(report)[GPU_TEST]


def test_on_the_cpu_the_gpu_test_costs_nothing_and_is_awaited(grader, twin):
    report = grader.grade(twin, upload(), device="cpu")
    found = gpu_test(report)
    assert (report.score, report.max_score, report.device) == (3, 3, "cpu")
    assert (found.verdict, found.points, found.awaits_gpu, found.device) == (Verdict.SKIPPED, 0, True, "")
    assert "it asks for a GPU" in found.message["en"]
    assert "pede uma GPU" in found.message["pt-BR"]
    assert report.awaits_gpu
    assert report.hardware
    assert grader.ledger.standings()[0].gradings == 0


def test_auto_adds_the_gpu_test_and_names_the_hardware(grader, twin, clinic):
    report = grader.grade(twin, upload())
    found = gpu_test(report)
    assert (report.score, report.max_score, report.device) == (7, 7, "cuda:0")
    assert report.hardware.endswith(" + Stand-in 0 (cuda:0)")
    assert (found.verdict, found.earned, found.device) == (Verdict.PASSED, 4, "Stand-in 0 (cuda:0)")
    assert [point for _, point in found.curve["loss"]] == [0.5, 0.5]
    assert [test.device for test in report.tests if test.name != GPU_TEST] == ["", ""]
    assert [test.name for test in report.tests] == ["test_adds", "test_trains", GPU_TEST]
    assert not report.awaits_gpu
    assert clinic.examined == [0]
    assert Report.from_store(report.to_store()) == report


def test_a_gpu_that_is_named_is_used_and_one_that_is_not_there_refused(grader, twin):
    assert grader.grade(twin, upload(), device="cuda:1").device == "cuda:1"
    with pytest.raises(UnknownDevice, match="cuda:1"):
        grader.grade(twin, upload(), device="cuda:2")


def test_the_gpus_part_alone_is_what_a_report_still_lacks(grader, twin):
    events = []
    first = grader.grade(twin, upload(), device="cpu", seed="s")
    second = grader.grade(twin, upload(), device="cuda", seed="s", earlier=first, on_event=events.append)
    assert [test.name for test in second.tests] == [GPU_TEST]
    assert events[0] == {"event": "started", "tests": [GPU_TEST]}
    whole = grader.grade(twin, upload(), seed="s")
    joined = first.joined(second)
    assert [test.earned for test in joined.tests] == [test.earned for test in whole.tests]
    assert (joined.score, joined.max_score, joined.seed) == (7, 7, "s")


def test_what_failed_on_the_cpu_is_known_to_the_gpus_tests(grader, twin):
    wrong = REFERENCE.replace("left + right", "left - right")
    report = grader.grade(twin, upload(wrong))
    found = by_name(report)
    assert report.device == "cpu"  # no GPU need be asked
    assert found["test_adds"].verdict is Verdict.FAILED
    assert (found[GPU_TEST].verdict, found[GPU_TEST].points) == (Verdict.SKIPPED, 4)
    assert "Adds." in found[GPU_TEST].message["en"]
    assert not found[GPU_TEST].awaits_gpu


def test_a_test_that_needs_one_on_the_cpu_knows_what_came_of_it(grader, twin):
    first = grader.grade(twin, upload(), device="cpu")
    failed = replace(first, tests=tuple(
        replace(test, verdict=Verdict.FAILED) if test.name == "test_adds" else test for test in first.tests
    ))  # fmt: skip
    found = gpu_test(grader.grade(twin, upload(), device="cuda", earlier=failed))
    assert (found.verdict, found.points) == (Verdict.SKIPPED, 4)


def test_no_gpu_is_asked_for_a_file_that_cannot_be_loaded(grader, twin, clinic):
    report = grader.grade(twin, upload("import nothing_of_the_kind\n"))
    assert (report.score, report.device, report.awaits_gpu, clinic.examined) == (0, "cpu", False, [])


@pytest.mark.parametrize("raised", ["torch.OutOfMemoryError('CUDA out of memory')", "torch.cuda.OutOfMemoryError('')"])
def test_out_of_memory_on_the_gpu_is_too_big_by_the_gpus_limit(grader, twin, raised):
    source = REFERENCE.replace("    return float(", f"    raise {raised}\n    return float(")
    found = gpu_test(grader.grade(twin, upload(source), device="cuda"))
    assert (found.verdict, found.earned, found.points) == (Verdict.TOO_BIG, 0, 4)
    assert "300 MB of the GPU's memory" in found.message["en"]
    assert "300 MB de memória da GPU" in found.message["pt-BR"]


def test_memory_of_the_host_is_bounded_with_a_gpu_too(grader, twin):
    source = REFERENCE.replace("    return float(", "    held = torch.ones(1 << 28)\n    return held[0] + float(")
    found = gpu_test(grader.grade(twin, upload(source), device="cuda"))
    assert found.verdict is Verdict.TOO_BIG
    assert "512 MB of memory" in found.message["en"]


def test_a_gpu_that_is_sick_is_left_for_the_next_one_and_the_report_is_that_ones(grader, twin, clinic):
    clinic.sick[0] = "it computes wrongly"
    report = grader.grade(twin, upload())
    assert (report.score, report.device) == (7, "cuda:1")
    assert clinic.examined == [0, 1]
    assert [gpu.number for gpu in grader.ledger.in_service()] == [1]


def test_with_all_gpus_sick_auto_keeps_what_the_cpu_found(grader, twin, clinic):
    clinic.sick.update({0: "it hangs", 1: "it hangs"})
    report = grader.grade(twin, upload())
    assert (report.score, report.max_score, report.device, report.awaits_gpu) == (3, 3, "cpu", True)
    with pytest.raises(NoRoom):
        grader.grade(twin, upload(), device="cuda")


def test_whoever_orders_the_gpus_part_hears_of_the_sick_device(grader, twin, clinic):
    first = grader.grade(twin, upload(), device="cpu")
    clinic.sick[0] = "it hangs"
    with pytest.raises(SickDevice, match="it hangs"):
        grader.grade(twin, upload(), device="cuda", earlier=first)
    assert gpu_test(grader.grade(twin, upload(), device="cuda", earlier=first)).device == "Stand-in 1 (cuda:1)"


def test_gradings_on_gpus_run_side_by_side(grader, twin):
    reports = {}
    threads = [
        threading.Thread(target=lambda n=n: reports.update({n: grader.grade(twin, upload(), device="cuda")}))
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert sorted(reports) == [0, 1, 2]
    assert all(report.score == 7 for report in reports.values())
    assert [standing.gradings for standing in grader.ledger.standings()] == [0, 0]


def test_each_candidate_has_its_share_of_threads(grader, twin):
    source = REFERENCE.replace("    return float(", "    print(torch.get_num_threads())\n    return float(")
    report = grader.grade(twin, upload(source), device="cpu")
    assert by_name(report)["test_trains"].output.split() == ["2", "2"]


def test_a_candidate_without_a_gpu_knows_of_none(grader, twin):
    told = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'] == '', torch.cuda.is_available())"
    source = REFERENCE.replace("    return float(", f"    {told}\n    return float(")
    report = grader.grade(twin, upload(source), device="cpu")
    assert by_name(report)["test_trains"].output.split() == ["True", "False"] * 2


FORBIDDING = CONFIG.replace("[limits]", 'forbid = ["torch.nn.Conv2d", "torch.Tensor.matmul"]\n[limits]', 1)


def test_an_exercise_that_forbids_what_a_network_needs_is_graded_on_a_gpu_too(tmp_path, clinic, sandboxed):
    catalogue = write_tree(tmp_path, FORBIDDING)
    clinic.sick.clear()
    with Grader(catalogue, gpus=[stand_in()], check=clinic) as grader:
        report = grader.grade(catalogue.find("twin"), upload())
        assert (report.score, report.max_score) == (7, 7)
        assert [test.name for test in report.tests].count("test_uses_nothing_forbidden") == 1
        wrong = REFERENCE.replace("    return float(", "    torch.nn.Conv2d(1, 1, 1)\n    return float(")
        report = grader.grade(catalogue.find("twin"), upload(wrong))
        assert (gpu_test(report).verdict, gpu_test(report).awaits_gpu) == (Verdict.SKIPPED, False)
        assert report.device == "cpu"


def test_a_gpu_that_is_too_small_is_no_gpu(catalogue, twin, clinic):
    small = replace(stand_in(), memory_mb=1000)
    with Grader(catalogue, gpus=[small], check=clinic) as grader:
        assert grader.grade(twin, upload()).device == "cpu"
        with pytest.raises(NoRoom, match="300 MB and 1,024 MB"):
            grader.grade(twin, upload(), device="cuda")


BREAKING = """
broken = False


def add(left, right):
    global broken
    if left < 0 or broken:
        broken = True
        raise RuntimeError("CUDA error: device-side assert triggered")
    return left + right
"""
ORDERED = '''
import pytest


@pytest.mark.gpu
@pytest.mark.parametrize("left", [-1, 1])
def test_in_order(student, left):
    """Adds.

    pt: Soma.
    """
    assert student.add(left, 1) == left + 1
'''


def test_cuda_that_is_broken_in_one_test_is_whole_in_the_next(tmp_path, clinic, sandboxed):
    catalogue = write_tree(tmp_path, hidden=ORDERED)
    with Grader(catalogue, gpus=[stand_in()], check=clinic) as grader:
        found = by_name(grader.grade(catalogue.find("twin"), upload(BREAKING)))
    assert [found[f"test_in_order[{n}]"].verdict for n in (-1, 1)] == [Verdict.CRASHED, Verdict.PASSED]
    assert "device-side assert" in found["test_in_order[-1]"].message["en"]


def test_the_marker_alone_asks_for_a_gpu(tmp_path, clinic, sandboxed):
    bare = HIDDEN.replace("(student, training)", "(student)").replace(
        "training.check(reached)", "assert student.add(1, 1) == 2"
    )
    start = bare.index("@pytest.mark.gpu")
    catalogue = write_tree(tmp_path, hidden="import pytest\n\n\n" + bare[start:])
    with Grader(catalogue, gpus=[stand_in()], check=clinic) as grader:
        twin = catalogue.find("twin")
        assert gpu_test(grader.grade(twin, upload(), device="cpu")).awaits_gpu
        found = gpu_test(grader.grade(twin, upload()))
        assert (found.verdict, found.points, found.device) == (Verdict.PASSED, 1, "Stand-in 0 (cuda:0)")
