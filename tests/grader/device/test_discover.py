"""Looking for GPUs: nothing a driver does may end or hold up the process that looks, which starts no CUDA itself."""

import sys
from types import SimpleNamespace

import msgspec
import pytest

from grader.device import discover
from grader.device.child import describe_all, find_libraries, find_minor
from grader.device.discover import Found, ask_child, look
from grader.device.gpu import Gpu
from grader.device.nvml import Nvml
from grader.device.survey import describe, survey
from tests.grader.device.tree import stand_in


@pytest.fixture
def host(tmp_path):
    """A host with the driver's node."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "nvidiactl").touch()
    return tmp_path


def test_where_the_driver_has_no_node_nobody_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(discover, "ask_child", lambda *_: pytest.fail("a child was started"))
    assert look(tmp_path) == Found()


def test_a_torch_without_cuda_finds_none_and_says_why(host):
    import torch

    if torch.version.cuda is not None:
        pytest.skip("torch is built with CUDA here")
    found = look(host)
    assert found.gpus == ()
    assert "is built without CUDA" in found.problem


@pytest.fixture
def say(monkeypatch):
    """Has the child do something else."""

    def instead(program):
        monkeypatch.setattr(discover, "sys", SimpleNamespace(executable=sys.executable))
        real = discover.subprocess.Popen
        monkeypatch.setattr(
            discover.subprocess, "Popen", lambda command, **rest: real([command[0], "-c", program], **rest)
        )

    return instead


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("import time; time.sleep(60)", "did not answer within 1 s"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "ended with status -11"),
        ("raise SystemExit('no such driver')", "no such driver"),
        ("print('[1, 2]')", "[1, 2]"),
        ("print('{}')", "gpus"),
        ('print(\'{"problem": "", "gpus": [{"number": "two"}]}\')', "number"),
    ],
)
def test_a_driver_that_hangs_dies_or_talks_nonsense_means_no_gpu(host, say, program, problem):
    say(program)
    found = look(host, patience=1 if "sleep" in program else 30)
    assert found.gpus == ()
    assert problem in found.problem


def test_libraries_that_talk_do_not_garble_the_answer(host, say):
    gpu = stand_in()
    told = msgspec.json.encode({"gpus": [msgspec.to_builtins(gpu)], "problem": ""}).decode()
    say(f"print('the driver says hello'); print({told!r})")
    assert look(host).gpus == (gpu,)


def test_a_child_examines_and_tries_the_sandbox_as_a_grading_would(sandboxed):
    gpu = msgspec.json.encode(stand_in()).decode()
    assert ask_child(["examine", gpu], 120)["fault"] == ""
    assert ask_child(["try", gpu], 120)["fault"] == ""


# --- what the child finds, with a driver that is made up


class Cuda:
    """What the child asks of torch.cuda."""

    def __init__(self, *names, broken=()):
        self._names = names
        self._broken = broken

    def init(self):
        if not self._names:
            raise RuntimeError("No CUDA GPUs are available\nand more")

    def device_count(self):
        return len(self._names)

    def get_device_properties(self, number):
        return SimpleNamespace(
            name=self._names[number], uuid=f"uuid-{number}", total_memory=80 << 30,
            pci_domain_id=0, pci_bus_id=0x1A + number, pci_device_id=0,
        )  # fmt: skip

    def synchronize(self, number):
        if number in self._broken:
            raise RuntimeError("CUDA error: uncorrectable ECC error")

    def caching_allocator_alloc(self, size, number):
        return size

    def caching_allocator_delete(self, held):
        pass


def torch_with(cuda):
    return SimpleNamespace(cuda=cuda, version=SimpleNamespace(cuda="13.0"), __version__="2")


class NoLibrary:
    def __getattr__(self, name):
        raise AttributeError(name)


@pytest.fixture
def driven(host):
    (host / "proc" / "self").mkdir(parents=True)
    (host / "proc" / "self" / "maps").write_text("7f00-7f01 r-xp 00000000 00:00 1    /opt/driver/libcuda.so.580.1\n")
    for number in (0, 1):
        sheet = host / "proc/driver/nvidia/gpus" / f"0000:{0x1A + number:02x}:00.0" / "information"
        sheet.parent.mkdir(parents=True)
        sheet.write_text(f"Model: \t\t NVIDIA H200\nDevice Minor: \t {5 - number}\n")
    return host


def test_the_child_names_gpus_their_nodes_and_the_drivers_libraries(driven):
    found = describe_all(torch_with(Cuda("H200", "H100")), Nvml(NoLibrary()), driven)
    gpus = msgspec.convert(found["gpus"], list[Gpu])
    assert [(gpu.label, gpu.name, gpu.memory_mb, gpu.minor) for gpu in gpus] == [
        ("cuda:0", "H200", 81920, 5),
        ("cuda:1", "H100", 81920, 4),
    ]
    assert {gpu.uuid for gpu in gpus} == {"GPU-uuid-0", "GPU-uuid-1"}
    assert all(gpu.libraries == ["/opt/driver/libcuda.so.580.1"] and not gpu.accounts for gpu in gpus)
    assert found["problem"] == ""


def test_one_broken_gpu_does_not_hide_the_others(driven):
    found = describe_all(torch_with(Cuda("H200", "H100", broken=(0,))), Nvml(NoLibrary()), driven)
    assert [gpu["number"] for gpu in found["gpus"]] == [1]
    assert found["problem"] == "cuda:0: CUDA error: uncorrectable ECC error"


def test_a_driver_without_gpus_is_told_in_one_line(driven):
    found = describe_all(torch_with(Cuda()), Nvml(NoLibrary()), driven)
    assert found == {"gpus": [], "problem": "No CUDA GPUs are available"}


def test_a_node_is_only_guessed_where_there_is_one(host):
    (host / "dev" / "nvidia3").touch()
    (host / "dev" / "nvidia-uvm").touch()
    assert find_minor("0000:1a:00.0", None, host) == 3
    assert find_minor("0000:1a:00.0", 7, host) == 7
    (host / "dev" / "nvidia4").touch()
    with pytest.raises(RuntimeError, match="nvidia-ml-py"):
        find_minor("0000:1a:00.0", None, host)


def test_of_what_is_mapped_the_drivers_libraries_are_taken_and_its_compilers(tmp_path):
    for name in ("libcuda.so.580.1", "libnvidia-ptxjitcompiler.so.1", "libc.so.6", "libtorch_cuda.so"):
        (tmp_path / name).touch()
    maps = f"1-2 r--p 0 0:0 1  {tmp_path}/libcuda.so.580.1\n1-2 r--p 0 0:0 1  {tmp_path}/libc.so.6\n1-2 rw-p 0 0:0 0\n"
    maps += f"1-2 r--p 0 0:0 1  {tmp_path}/libtorch_cuda.so\n1-2 r--p 0 0:0 1  /x/libnvidia-ml.so.580.1\n"
    found = {path.rpartition("/")[2] for path in find_libraries(maps)}
    assert found == {"libcuda.so.580.1", "libnvidia-ptxjitcompiler.so.1", "libnvidia-ml.so.580.1"}


# --- what the doctor says


def test_the_doctor_tries_each_allowed_gpu_and_leaves_the_others_alone():
    tried = []

    def attempt(kind, gpu):
        tried.append((kind, gpu.number))
        return "it computes wrongly" if (kind, gpu.number) == ("examine", 1) else ""

    rows = survey(Found((stand_in(0), stand_in(1), stand_in(2)), "cuda:3: it is lost"), "0,1", attempt)
    assert tried == [("examine", 0), ("try", 0), ("examine", 1), ("try", 1)]
    text = "\n".join(map(describe, rows))
    assert "GPUs: cuda:3: it is lost" in text
    assert "health: well; in the sandbox: CUDA starts and computes" in text
    assert "health: it computes wrongly" in text
    assert "left out by the setting gpus" in text
