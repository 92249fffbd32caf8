"""Which device somebody means, and what a setting leaves to a grader."""

import pytest

from grader.device.gpu import UnknownDevice, allow, choose, is_device, threads_of
from grader.errors import InfrastructureError
from tests.grader.device.tree import stand_in

PAIR = [stand_in(0), stand_in(1)]


@pytest.mark.parametrize(
    ("asked", "found"), [("cpu", []), ("auto", [0, 1]), ("cuda", [0, 1]), ("cuda:1", [1]), ("cuda:0", [0])]
)
def test_a_name_means_these_gpus(asked, found):
    assert [gpu.number for gpu in choose(asked, PAIR)] == found


def test_without_a_gpu_auto_is_content_and_nobody_else():
    assert choose("auto", []) == choose("cpu", []) == []
    with pytest.raises(UnknownDevice):
        choose("cuda", [])


def test_what_is_not_there_is_refused_with_what_is_there_in_both_languages():
    with pytest.raises(UnknownDevice) as refused:
        choose("cuda:7", PAIR, "cuda:2: it is asleep")
    english, portuguese = refused.value.text["en"], refused.value.text["pt-BR"]
    for text in (english, portuguese):
        assert "cuda:7" in text
        assert "cpu, cuda:0 (Stand-in 0, 4,000 MB), cuda:1" in text
        assert "cuda:2: it is asleep" in text
    assert english.startswith("There is no device")
    assert portuguese.startswith("Não há dispositivo")


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1 ", "", "CPU"])
def test_what_names_no_device_anywhere(name):
    assert not is_device(name)


@pytest.mark.parametrize(
    ("setting", "left"), [("all", [0, 1]), ("none", []), ("1", [1]), ("0, 1", [0, 1]), ("GPU-stand-in-0", [0])]
)
def test_a_setting_leaves_these_gpus(setting, left):
    assert [gpu.number for gpu in allow(PAIR, setting)] == left


@pytest.mark.parametrize("setting", ["", "some", "0;1", "cuda:0", "-1"])
def test_a_setting_that_says_nothing_of_the_kind_is_refused(setting):
    with pytest.raises(InfrastructureError, match="gpus is"):
        allow(PAIR, setting)


@pytest.mark.parametrize(
    ("processors", "threads"), [(16, [16, 16, 4, 3, 1, 1]), (96, [16, 16, 16, 16, 6, 2]), (1, [1, 1, 1, 1, 1, 1])]
)
def test_each_grading_has_its_share_of_the_processors_and_at_least_one(monkeypatch, processors, threads):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(processors)))
    assert [threads_of(jobs) for jobs in (0, 1, 4, 5, 16, 40)] == threads
