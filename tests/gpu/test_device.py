"""The GPU as this host has it: found without starting CUDA here, named with its node, and well."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.device.discover import ask_child
from grader.device.nvml import Nvml
from grader.sandbox.gpu import nodes_of


def test_what_is_found_has_a_name_memory_a_node_and_libraries(gpus):
    for gpu in gpus:
        assert gpu.name
        assert gpu.memory_mb > 1000
        assert all(Path(node).is_char_device() for node in nodes_of(gpu.minor))
        assert any(Path(path).name.startswith("libcuda.so") for path in gpu.libraries)
    assert [gpu.number for gpu in gpus] == list(range(len(gpus)))


def test_looking_starts_no_cuda_here_so_that_a_fork_can(gpus):
    program = """
import os, torch
from grader.device.discover import find_gpus
assert find_gpus().gpus
assert not torch.cuda.is_initialized()
pid = os.fork()
if pid == 0:
    try:
        torch.ones(3, device="cuda").sum().item()
        os._exit(0)
    except BaseException as error:
        print(error, flush=True)
        os._exit(1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_well(gpu):
    assert ask_child(["examine", json.dumps(gpu.__dict__)], 180)["fault"] == ""


def test_cuda_starts_and_computes_in_the_sandbox(gpu, isolated):
    assert ask_child(["try", json.dumps(gpu.__dict__)], 180)["fault"] == ""


def test_the_management_library_knows_it_where_it_is_installed(gpu):
    nvml = Nvml()
    if not nvml.is_there:
        pytest.skip("nvidia-ml-py is not installed: pip install gradiente[gpu]")
    assert nvml.minor(gpu.uuid) == gpu.minor
    assert nvml.used(gpu.uuid) is not None
    assert nvml.fault(gpu.uuid) == ""
    assert nvml.listen(gpu.uuid)() == []


def test_an_examination_finds_a_gpu_that_is_not_there(gpus):
    # In a child: CUDA must not start in the process of the tests.
    gone = {"number": 0, "uuid": "GPU-00000000-0000-0000-0000-000000000000", "name": "gone", "memory_mb": 1}
    assert ask_child(["examine", json.dumps(gone)], 180)["fault"]
