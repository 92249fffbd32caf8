"""Each layer of the sandbox, for real, beside a control that does the same act without that layer."""

import errno
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the sandbox is made of Linux namespaces", allow_module_level=True)

from grader.sandbox import Limits, SandboxError, cgroup, kill, spawn, syscalls
from grader.sandbox.seccomp import ALLOWED
from tests.layers import broken_layers, layers

ACTS = Path(__file__).with_name("sandbox_acts.py")
ROOT = ACTS.parents[2]


def run(act, **settings):
    environment = {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ACTS), act, json.dumps(settings)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module", autouse=True)
def _needs_namespaces():
    found = run("see")
    if found.get("refused") in {"namespaces", "uid map"}:
        pytest.skip(found["text"])


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield str(server.getsockname()[1])


@pytest.fixture
def open_folder():
    """A folder that anybody may reach and write, so that only the sandbox stands in the way."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


UNGUARDED = ["root", "landlock", "seccomp"]


def test_nothing_of_the_host_is_in_view():
    seen = run("see")["value"]
    prefixes = {Path(os.path.realpath(prefix)).parts[1] for prefix in (sys.prefix, sys.base_prefix)}
    assert set(seen["root"]) <= {"dev", "lib", "lib64", "proc", "tmp", "usr"} | prefixes
    assert seen["dev"] == ["fd", "full", "null", "random", "shm", "stdin", "stdout", "urandom"]
    assert (seen["cwd"], seen["pid"]) == ("/tmp", 1)


def test_network_is_unreachable(port):
    assert run("connect", path=port)["error"] == "PermissionError"
    assert run("connect", path=port, without=["seccomp"])["error"] == "PermissionError"  # Landlock
    assert run("connect", path=port, without=["seccomp", "landlock"])["errno"] == "ENETUNREACH"
    assert run("connect", path=port, without=["seccomp", "landlock", "network"])["value"] == "connected"


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/hostname", str(ACTS), "/proc/cmdline", "/proc/2/environ"])
def test_files_outside_cannot_be_read(path):
    assert run("read", path=path)["errno"] == "ENOENT"


def test_files_outside_can_be_read_without_the_new_root():
    assert run("read", path="/etc/passwd", without=UNGUARDED)["value"] > 0


@pytest.mark.parametrize("path", ["/escaped", "/dev/escaped", "/usr/escaped", os.__file__ + "x", "/proc/self/comm"])
@pytest.mark.parametrize("without", [[], ["landlock"]])
def test_nothing_outside_scratch_can_be_written(path, without):
    assert run("write", path=path, without=without)["errno"] in {"EROFS", "EACCES", "EPERM"}


@pytest.mark.parametrize("path", ["/tmp/mine", "/dev/shm/mine"])
def test_scratch_can_be_written(path):
    assert run("write", path=path)["value"] == "written"
    assert not Path(path).exists()


def test_control_writes_outside(open_folder):
    assert run("write", path=str(open_folder / "out"))["errno"] == "ENOENT"
    assert run("write", path=str(open_folder / "out"), without=UNGUARDED)["value"] == "written"


@pytest.mark.parametrize(("path", "limit"), [("/tmp/big", "tmp_mb"), ("/dev/shm/big", "shm_mb")])
def test_scratch_is_bounded(path, limit):
    assert run("fill", path=path, limits={limit: 4})["errno"] == "ENOSPC"
    assert run("fill", path=path, limits={limit: 16})["value"] == 8


def test_files_are_bounded_in_size():
    assert run("fill", path="/tmp/big", limits={"file_mb": 4})["errno"] == "EFBIG"


def test_number_of_files_is_bounded():
    assert run("litter", path="/tmp", limits={"tmp_mb": 4})["errno"] == "ENOSPC"


def test_memory_of_a_process_is_bounded():
    assert run("allocate", megabytes=300, limits={"memory_mb": 128})["error"] == "MemoryError"
    assert run("allocate", megabytes=300, limits={"memory_mb": 128}, without=["rlimits"])["value"] == 300


def test_memory_of_all_processes_is_bounded_by_the_watchdog():
    found = run("allocate_in_children", megabytes=100, children=4, watch=250, limits={"memory_mb": 250})
    assert 250 < found["watched"] < 450


def test_watchdog_leaves_small_sandboxes_alone():
    used = run("allocate", megabytes=100, linger=True)["use"]
    assert used["memory_mb"] < 100  # freed by then
    assert used["processes"] == 1


def test_address_space_is_bounded():
    assert run("squander_page_tables")["errno"] == "ENOMEM"


def test_page_tables_count_as_memory():
    assert run("squander_page_tables", without=["rlimits"], watch=250)["watched"] > 250


def test_sockets_count_as_memory():
    assert run("hoard_sockets", linger=True)["use"]["memory_mb"] > 30


def test_scratch_counts_as_memory():
    used = run("fill", path="/dev/shm/big", megabytes=100, linger=True)["use"]
    assert 100 <= used["memory_mb"] < 160


@pytest.mark.skipif(cgroup.find() is None, reason="no writable cgroup with memory and pids")
def test_cgroup_bounds_memory_and_names_it_as_the_cause():
    limits = {"memory_mb": 100, "tmp_mb": 1, "shm_mb": 1}
    found = run("allocate", megabytes=400, cgroup=True, limits=limits, without=["rlimits"])
    assert (found["out_of_memory"], found["status"]) == (True, 9)
    assert run("allocate", megabytes=50, cgroup=True, limits=limits)["out_of_memory"] is False


@pytest.mark.skipif(cgroup.find() is None, reason="no writable cgroup with memory and pids")
def test_cgroups_of_dead_graders_are_swept():
    places = cgroup.find()
    left = places.pids / "gradiente-4194305-0"
    left.mkdir()
    cgroup.sweep(places)
    assert not left.exists()


def test_fork_bomb_is_bounded_and_dies_with_the_sandbox():
    found = run("fork_bomb", limits={"processes": 20}, linger=True)
    assert found["value"] == ["EAGAIN", 19]
    assert (found["use"]["processes"], found["status"]) == (20, 9)


def test_fork_bomb_goes_on_without_limits():
    assert run("fork_bomb", limits={"processes": 20}, without=["rlimits"])["value"] == ["", 500]


def test_nothing_outlives_the_sandbox(open_folder):
    left = run("daemonise", path=str(open_folder), without=["pid", *UNGUARDED], wait=1.0)
    assert left["value"] == "left"
    assert (open_folder / "alive").exists()
    (open_folder / "alive").unlink()
    run("daemonise", path=str(open_folder), without=UNGUARDED, wait=1.0)
    assert not (open_folder / "alive").exists()


def test_no_program_can_be_started():
    assert run("execute")["value"] == errno.EPERM
    assert run("execute", without=["seccomp", "landlock"])["value"] == errno.ENOENT
    assert run("execute", without=UNGUARDED)["value"] == 0


CLONE_NEWUSER = 0x10000000
FORBIDDEN = [
    ("execve", []), ("execveat", []), ("ptrace", [0, 0, 0, 0]), ("process_vm_readv", []), ("process_vm_writev", []),
    ("unshare", [CLONE_NEWUSER]), ("setns", []), ("clone", [CLONE_NEWUSER | 17]), ("clone", [0x20000 | 17]),
    ("mount", []), ("umount2", []), ("pivot_root", []), ("chroot", []), ("keyctl", []), ("add_key", []),
    ("request_key", []), ("bpf", []), ("perf_event_open", []), ("userfaultfd", []), ("memfd_create", []),
    ("shmget", []), ("shmat", []), ("mq_open", []), ("name_to_handle_at", []), ("open_by_handle_at", []),
    ("kexec_load", []), ("init_module", []), ("finit_module", []), ("swapon", []), ("reboot", []),
    ("personality", [0xFFFFFFFF]), ("setuid", [1000]), ("vmsplice", []), ("kcmp", []), ("fanotify_init", []),
    ("quotactl", []), ("syslog", []), ("acct", []), ("settimeofday", []), ("clock_settime", []), ("adjtimex", []),
    ("mknodat", []), ("seccomp", [0, 0, 0]), ("setrlimit", [4, 0]), ("prlimit64", [0, 4, 1]), ("prlimit64", [2, 4, 0]),
    ("prctl", [35]), ("prctl", [1, 0]), ("prctl", [4, 0]), ("socket", [2, 1]), ("socket", [16, 3]), ("socket", [40, 1]),
    ("socketpair", [2, 1]), ("setsockopt", [0, 1, 26]), ("sync", []), ("sched_setscheduler", [0, 1, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), FORBIDDEN)
def test_call_is_refused(name, arguments):
    assert run("raw_syscall", name=name, arguments=arguments)["errno"] == "EPERM"


@pytest.mark.parametrize(
    "name", ["clone3", "io_uring_setup", "openat2", "memfd_secret", "pidfd_getfd", "mount_setattr"]
)
def test_newer_call_is_absent(name):
    assert run("raw_syscall", name=name)["errno"] == "ENOSYS"


def test_namespaces_and_keys_are_open_without_the_filter():
    assert run("raw_syscall", name="unshare", arguments=[CLONE_NEWUSER], without=["seccomp"])["value"] == "done"
    assert run("raw_syscall", name="personality", arguments=[0xFFFFFFFF], without=["seccomp"])["value"] == "done"
    assert run("raw_syscall", name="ptrace", arguments=[0, 0, 0, 0], without=["seccomp"])["value"] == "done"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the other convention of x86_64")
def test_foreign_calling_convention_is_fatal():
    assert os.WTERMSIG(run("foreign_convention")["status"]) in {11, 31}


def test_memory_that_no_limit_counts_is_refused():
    assert run("shared_memory")["errno"] == "EPERM"
    assert run("shared_memory", without=["seccomp"])["value"] == "mapped"


def test_terminal_cannot_be_typed_into():
    assert run("type_into_terminal")["errno"] == "ENOTTY"


def test_limits_cannot_be_changed():
    assert run("raise_core_limit")["error"] in {"PermissionError", "ValueError"}


def test_environment_is_empty():
    names, block = run("environment")["value"]
    # the first and the third say that there is no GPU
    assert names == ["CUDA_VISIBLE_DEVICES", "HOME", "PYTORCH_NVML_BASED_CUDA_CHECK", "TMPDIR", "USER"]
    assert set(re.findall(r"(\w+)=", block)) <= {"PYTHONPATH"}  # what this test gave the warm parent


def test_no_descriptor_is_inherited():
    assert len(run("descriptors")["value"]) == 4
    assert 700 in run("descriptors", without=["descriptors"])["value"]


def test_folders_are_not_kept():
    folder = os.open("/", os.O_RDONLY)
    with pytest.raises(SandboxError) as caught:
        spawn(Limits(), [folder], lambda: None)
    os.close(folder)
    assert caught.value.step == "descriptors"


def test_candidate_is_nobody():
    found = run("status")
    fields = found["value"]
    assert {fields[name].strip("0") for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {""}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert fields["Uid"].split() == ["1000"] * 4
    assert found["host_uid"] != 0


def test_control_has_capabilities():
    assert run("status", without=["capabilities"])["value"]["CapEff"].strip("0") != ""


def test_torch_works():
    assert run("learn")["value"] == [True, [4, 3, 16, 16], [4, 3, 16, 16]]


def test_libraries_threads_and_processes_work():
    assert run("use_library")["value"] == [[1], [1, 2], 5, [150, 4], 1]


def test_the_digits_that_submissions_are_asked_about_cannot_be_opened():
    assert run("open_the_digits")["error"] == "PermissionError"


@pytest.mark.parametrize("step", ["rlimits", "root", "capabilities", "landlock", "seccomp", "namespaces"])
def test_fails_closed(monkeypatch, step, tmp_path):
    """Breaks one step at a time: the caller hears which, and student code is not reached."""

    def broken(*_):
        raise OSError(errno.EPERM, "broken by the test")

    place = {
        "rlimits": "rlimits.apply", "root": "root.build", "capabilities": "privileges.drop_capabilities",
        "landlock": "landlock.apply", "seccomp": "plan.Filter.load", "namespaces": "namespaces.call",
    }[step]  # fmt: skip
    monkeypatch.setattr(f"grader.sandbox.{place}", broken)
    # Other tests of the same run may have left warm parents, which are children as well.
    before = children()
    reader, writer = os.pipe()
    with pytest.raises(SandboxError, match="broken by the test") as caught:
        spawn(Limits(), [writer], lambda: os.write(writer, b"reached"))
    os.close(writer)
    assert (caught.value.step, caught.value.errno) == (step, errno.EPERM)
    assert os.read(reader, 10) == b""
    os.close(reader)
    assert children() - before == set()


def children():
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_exception_and_exit_code_end_the_process():
    assert os.waitstatus_to_exitcode(os.waitpid(spawn(Limits(), [], lambda: sys.exit(7)), 0)[1]) == 7


def test_kill_is_idempotent():
    pid = spawn(Limits(), [], lambda: None)
    assert kill(pid) is not None
    assert kill(pid) is None


def test_probe_finds_every_required_layer():
    assert broken_layers() == []
    assert {"network", "files", "seccomp", "cgroup", "watchdog"} <= {layer.name for layer in layers()}


def test_probe_is_not_misled_by_memory_that_its_caller_freed_and_kept():
    program = (
        "from grader.sandbox import probe; kept = []; freed = [bytes(60_000) for _ in range(8_000)]; "
        "kept.append(bytes(60_000)); del freed; "
        "print([layer.name for layer in probe() if layer.required and not layer.holds])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_other_systems_can_import_the_package():
    program = "import sys; sys.platform = 'win32'; import grader.sandbox as s; print(s.probe()[0].detail)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "win32 has no namespaces\n"


def test_numbers_are_the_kernels():
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip("no kernel headers")
    known = dict(re.findall(r"#define __NR_(\w+) (\d+)", header.read_text()))
    wrong = {name: number for name, number in syscalls.numbers("x86_64").items() if int(known[name]) != number}
    assert wrong == {}


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_dangerous_calls_are_on_no_list(architecture):
    names = {name for name, _ in FORBIDDEN} - {"clone", "prctl", "prlimit64", "socket", "socketpair", "setsockopt"}
    assert names & ALLOWED == set()
    assert syscalls.numbers(architecture).keys() >= {"openat", "clone", "seccomp", "mount_setattr"}
