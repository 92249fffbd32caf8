"""What a candidate with a GPU may do besides, and what nobody else may: with a tree of nodes that is made up.

What only a driver can show is tried in ``tests/gpu``.
"""

import sys

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is made of Linux namespaces", allow_module_level=True)

from grader.sandbox import Limits, SandboxError, gpu, landlock, prepare, rlimits, with_gpu
from grader.sandbox.seccomp import IOCTLS, compile_filter
from tests.grader.test_sandbox import run

#: of the driver: a request with an argument of 32 bytes; the same with another size; start of unified memory
REQUEST, RESIZED, START = 0xC020462A, 0xC040462A, 0x30000001
#: like the first, but of another kind, another direction, and with a number that is not allowed
STRANGE = (0xC020542A, 0x4020462A, 0xC0204699)
#: two nodes that every host has
NODES = ["/dev/null", "/dev/full"]


@pytest.fixture
def host(tmp_path):
    """A host with two GPUs, of which each has its node."""
    for name in ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia-modeset", "nvidia0", "nvidia1"):
        (tmp_path / "dev").mkdir(exist_ok=True)
        (tmp_path / "dev" / name).touch()
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "devices").write_text(
        "Character devices:\n  1 mem\n195 nvidia\n511 nvidia-uvm\n\nBlock devices:\n  8 sd\n"
    )
    (tmp_path / "proc" / "modules").write_text("nvidia_uvm 1 0 - Live 0x0\nsecret_module 1 0 - Live 0x0\n")
    return str(tmp_path)


def test_a_candidate_sees_its_own_gpus_nodes_and_no_others(host):
    plan, usual = with_gpu(prepare(), 1, root=host), prepare()
    more = set(plan.view.devices) - set(usual.view.devices)
    assert more == {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia1"} == set(plan.devices)
    assert set(plan.view.files) - set(usual.view.files) == more
    assert not usual.devices
    assert usual.view.texts == {}
    assert plan.view.mounts == usual.view.mounts  # this tree has no /sys


def test_of_the_hosts_lists_only_the_drivers_lines_are_told(host):
    texts = with_gpu(prepare(), 0, root=host).view.texts
    assert texts == {
        "/proc/driver/nvidia/params": "ModifyDeviceFiles: 0\n",
        "/proc/devices": "Character devices:\n195 nvidia\n511 nvidia-uvm\nBlock devices:\n",
        "/proc/modules": "nvidia_uvm 1 0 - Live 0x0\n",
    }


def test_a_missing_node_is_named(host):
    with pytest.raises(SandboxError, match="/dev/nvidia7 is missing") as error:
        with_gpu(prepare(), 7, root=host)
    assert "doctor" in error.value.mend


def test_libraries_that_are_in_view_already_are_not_mounted_again(tmp_path):
    elsewhere = tmp_path / "driver" / "libcuda.so.1"
    elsewhere.parent.mkdir()
    elsewhere.touch()
    usual = prepare().view
    inside = f"{usual.mounts[0]}/libcuda.so.1"
    plan = with_gpu(prepare(), -1, [inside, str(elsewhere)])
    assert set(plan.view.mounts) - set(usual.mounts) == {str(elsewhere.resolve())}


# --- for real, with other nodes in the place of a GPU's


def act(name, gpu=True, **settings):
    return run(name, **settings, **({"nodes": NODES} if gpu else {}))


@pytest.mark.parametrize("command", [REQUEST, RESIZED, START, 75])
def test_the_drivers_commands_pass_the_filter_with_a_gpu_alone(command):
    assert act("trace_ioctl", command=command)["value"] == "reached the kernel"
    assert run("trace_ioctl", command=command)["value"] == "refused by the filter"


@pytest.mark.parametrize("command", [*STRANGE, 62, 63, 0x5412, 0x541C])
def test_other_commands_do_not_pass_with_a_gpu_either(command):
    assert act("trace_ioctl", command=command)["value"] == "refused by the filter"


@pytest.mark.parametrize("command", IOCTLS)
def test_the_usual_commands_still_pass(command):
    assert act("trace_ioctl", command=command)["value"] == "reached the kernel"


@pytest.mark.skipif(landlock.version() < 5, reason="this kernel's Landlock knows nothing of commands to devices")
def test_landlock_lets_commands_through_to_the_gpus_nodes_alone():
    assert act("speak", path="/dev/null")["errno"] == "ENOTTY"  # the device's own answer
    assert act("speak", path="/dev/urandom")["errno"] == "EACCES"
    assert run("speak", path="/dev/null")["errno"] == "EACCES"


def test_shared_memory_is_for_gpus_and_is_counted():
    assert run("share_memory")["errno"] == "EPERM"
    assert act("share_memory", megabytes=200, watch=150)["watched"] > 150
    assert act("share_memory", megabytes=64, watch=150, linger=True)["watched"] is None


def test_addresses_are_free_with_a_gpu_and_memory_is_not():
    assert rlimits.resource.RLIMIT_AS not in rlimits._values(Limits(reserves=True))
    assert rlimits.resource.RLIMIT_AS in rlimits._values(Limits())
    limits = {"memory_mb": 128, "reserves": True}
    assert act("allocate", megabytes=300, limits=limits)["error"] == "MemoryError"
    assert act("squander_page_tables", limits=limits, watch=250)["watched"] > 250


def test_proc_shows_the_drivers_words_and_the_candidates_own_process():
    paths = ["/proc/driver/nvidia/params", "/proc/modules", "/proc/self/status", "/proc/1/comm", "/proc/cmdline"]
    seen = act("tour", paths=[*paths, "/proc/meminfo", "/proc/2/comm"])["value"]
    assert seen["/proc/driver/nvidia/params"] == "ModifyDeviceFiles: 0\n"
    assert seen["/proc/modules"] == "nvidia\n"
    assert "Pid:\t1\n" in seen["/proc/self/status"]
    assert seen["/proc/1/comm"]
    assert seen["/proc/cmdline"] is seen["/proc/meminfo"] is seen["/proc/2/comm"] is None
    assert run("tour", paths=paths[:2])["value"] == dict.fromkeys(paths[:2])


@pytest.mark.parametrize("path", ["/proc/driver/nvidia/params", "/proc/new", "/dev/new"])
def test_nothing_of_it_can_be_written(path):
    assert act("write", path=path)["errno"] in {"EROFS", "EACCES", "EPERM"}
    assert act("write", path=path, without=["landlock"])["errno"] in {"EROFS", "EACCES", "EPERM"}


def test_the_environment_names_the_gpu():
    assert "CUDA_VISIBLE_DEVICES" in act("environment")["value"][0]


def test_the_filter_of_others_knows_nothing_of_gpus():
    import struct

    for architecture in ("x86_64", "aarch64"):
        usual = compile_filter(architecture).program
        extended = compile_filter(architecture, commands=gpu.COMMANDS).program
        constants = [struct.unpack_from("=HBBI", usual, place)[3] for place in range(0, len(usual), 8)]
        assert not set(gpu.COMMANDS.exact) & set(constants) - set(range(100))
        assert not set(gpu.COMMANDS.alike) & set(constants)
        assert len(extended) > len(usual)
        assert len(extended) // 8 < 4096
