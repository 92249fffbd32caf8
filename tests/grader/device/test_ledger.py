"""Sharing GPUs out: those whose memory fits run side by side, the others wait; a sick one is out of service."""

import threading

import pytest

from grader.device.gpu import Gpu
from grader.device.health import Finding
from grader.device.ledger import CONTEXT_MB, Ledger, NoRoom, SickDevice
from grader.errors import ExerciseError, InfrastructureError
from tests.grader.device.tree import stand_in


class Clinic:
    """Says what a test wants to hear of a GPU."""

    def __init__(self):
        self.findings = {}
        self.examined = []

    def __call__(self, gpu):
        self.examined.append(gpu.number)
        return self.findings.get(gpu.number, Finding())


@pytest.fixture
def clinic():
    return Clinic()


def test_small_gradings_share_a_gpu_and_the_next_one_waits_for_room(clinic):
    gpus = [stand_in(0, memory_mb=3 * (1000 + CONTEXT_MB) - 1)]
    ledger = Ledger(gpus, clinic)
    entered, leave = threading.Semaphore(0), threading.Event()

    def grade():
        with ledger.reserve(1000, gpus):
            entered.release()
            assert leave.wait(60)

    threads = [threading.Thread(target=grade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        assert entered.acquire(timeout=60)
    (standing,) = ledger.standings()
    assert (standing.gradings, standing.taken_mb) == (2, 2 * (1000 + CONTEXT_MB))
    assert not ledger.has_room(1000)
    assert not entered.acquire(blocking=False)
    leave.set()
    assert entered.acquire(timeout=60)  # the third one's turn has come
    for thread in threads:
        thread.join(60)
    assert ledger.standings()[0].gradings == 0
    assert clinic.examined == [0, 0, 0]


def test_the_emptier_gpu_is_chosen_and_a_named_one_is_kept_to(clinic):
    gpus = [stand_in(0), stand_in(1)]
    ledger = Ledger(gpus, clinic)
    with (
        ledger.reserve(100, gpus) as first,
        ledger.reserve(100, gpus) as second,
        ledger.reserve(100, gpus[1:]) as third,
    ):
        assert [share.gpu.number for share in (first, second, third)] == [0, 1, 1]


def test_where_nobody_can_tell_processes_apart_there_is_one_at_a_time(clinic):
    real = Gpu(0, "GPU-1", "H200", 140_000, minor=0)
    ledger = Ledger([real], clinic)
    with ledger.reserve(100, [real]):
        assert not ledger.has_room(100)
    accounting = Gpu(0, "GPU-1", "H200", 140_000, minor=0, accounts=True)
    ledger = Ledger([accounting], clinic)
    with ledger.reserve(100, [accounting]):
        assert ledger.has_room(100)


def test_what_can_never_fit_is_refused_and_does_not_wait(clinic):
    ledger = Ledger([stand_in(0, 2000)], clinic)
    with pytest.raises(NoRoom, match="cuda:0: 2,000 MB"), ledger.reserve(1000, ledger.gpus):
        pytest.fail("there is no room")
    with pytest.raises(NoRoom), ledger.reserve(1, []):
        pytest.fail("there is no GPU")


def test_a_gpu_that_is_not_well_afterwards_voids_the_grading_and_is_out_until_it_is(clinic):
    gpus = [stand_in(0), stand_in(1)]
    ledger = Ledger(gpus, clinic)
    clinic.findings[0] = Finding("it computes wrongly")
    with pytest.raises(SickDevice) as error, ledger.reserve(100, gpus):
        pass
    assert "Stand-in 0 (cuda:0) is out of service: it computes wrongly" in error.value.text["en"]
    assert "fora de serviço" in error.value.text["pt-BR"]
    assert [gpu.number for gpu in ledger.in_service()] == [1]
    with ledger.reserve(100, gpus) as share:
        assert share.gpu.number == 1
    with pytest.raises(NoRoom), ledger.reserve(100, gpus[:1]):
        pytest.fail("it is out of service")

    assert ledger.recheck() == []
    clinic.findings.clear()
    assert ledger.recheck() == gpus[:1]
    with ledger.reserve(100, gpus[:1]) as share:
        assert share.gpu.number == 0


def test_a_fault_of_the_infrastructure_has_the_gpu_looked_at(clinic):
    ledger = Ledger([stand_in()], clinic)
    with pytest.raises(InfrastructureError, match="no memory") as plain, ledger.reserve(100, ledger.gpus):
        raise InfrastructureError("no memory")
    assert not isinstance(plain.value, SickDevice)
    clinic.findings[0] = Finding("it does not answer")
    with pytest.raises(SickDevice), ledger.reserve(100, ledger.gpus):
        raise InfrastructureError("CUDA did not start")


def test_a_fault_of_the_exercise_is_the_exercises(clinic):
    ledger = Ledger([stand_in()], clinic)
    clinic.findings[0] = Finding("it computes wrongly")
    with pytest.raises(ExerciseError), ledger.reserve(100, ledger.gpus):
        raise ExerciseError("broken")
    assert ledger.standings()[0].gradings == 0


def test_memory_errors_count_when_there_are_more_of_them(clinic):
    ledger = Ledger([stand_in()], clinic)
    clinic.findings[0] = Finding(errors=3)
    with ledger.reserve(100, ledger.gpus):
        pass
    clinic.findings[0] = Finding(errors=5)
    with pytest.raises(SickDevice, match="2 uncorrected memory errors"), ledger.reserve(100, ledger.gpus):
        pass
    assert ledger.recheck() == ledger.gpus  # no more than at the last look
