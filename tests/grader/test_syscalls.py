"""The system calls that gradings need, those that the filter allows besides and why, and what a refused one does."""

import ctypes
import errno
import json
import mmap
import os
import signal
import struct
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the filter is Linux's", allow_module_level=True)

from benchmarks.syscalls import read_log
from grader.exercise import default_catalogue
from grader.sandbox import Limits, SandboxError, seccomp, spawn, syscalls
from grader.sandbox.kernel import call
from grader.tally import End, end_of
from tests.layers import layers

MEASURED = json.loads(Path(__file__).parents[2].joinpath("benchmarks/results/syscalls.json").read_text())
NEEDED = {name for found in MEASURED["exercises"].values() for name in found["calls"]}
PASSING = seccomp.ALLOWED | seccomp.CHECKED.keys()
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
REFUSALS = {ERRNO | errno.EPERM, ERRNO | errno.ENOSYS}


def run_filter(program, number, architecture, arguments=()):
    """Run a classic BPF program as the kernel does, on one `struct seccomp_data`."""
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("=iIQ6Q", number, architecture, 0, *padded)
    at = accumulator = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x54:
            accumulator &= value
        elif code == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: accumulator & value != 0}[code]
            at += if_true if holds else if_false


def test_every_exercise_is_measured_and_the_filter_lets_its_calls_pass():
    assert set(MEASURED["exercises"]) == set(default_catalogue().slugs())
    assert not NEEDED - PASSING
    assert set(seccomp.MEASURED) == NEEDED - seccomp.CHECKED.keys()


def test_every_allowed_call_is_measured_or_has_one_reason():
    counted = Counter(seccomp.MEASURED)
    for group in seccomp.GROUPS:
        assert len(group.why) > 20
        counted.update(group.calls)
    counted.update(seccomp.CHECKED.keys())
    assert {name: count for name, count in counted.items() if count != 1} == {}
    assert set(counted) == PASSING
    assert seccomp._checks(None).keys() == seccomp.CHECKED.keys()
    assert not PASSING - syscalls.numbers("x86_64").keys()


@pytest.mark.parametrize("architecture", ["x86_64", "aarch64"])
def test_filter_allows_what_is_listed_and_no_other_number(architecture):
    numbers = syscalls.numbers(architecture)
    program, audit = seccomp.compile_filter(architecture).program, syscalls.ARCHITECTURES[architecture]
    plain = {numbers[name] for name in seccomp.ALLOWED & numbers.keys()}
    some = {numbers[name] for name in seccomp.CHECKED.keys() & numbers.keys()}
    answers = {number: run_filter(program, number, audit) for number in [*range(1024), -1, 2**31 - 1]}
    assert {number for number, answer in answers.items() if answer == ALLOW} - some == plain
    assert {answer for number, answer in answers.items() if number not in plain | some} <= REFUSALS
    # x32 on x86_64: the same numbers with a bit more
    assert {run_filter(program, number | 0x40000000, audit) for number in range(1024)} <= REFUSALS
    others = set(syscalls.ARCHITECTURES.values()) - {audit} | {0x40000003, 0x40000028}
    assert {run_filter(program, number, other) for number in range(1024) for other in others} == {KILL}


def inside(names, without=frozenset()):
    """Make calls with all arguments zero in one sandbox; give what each raised, "" for none, and the wait status."""
    reader, writer = os.pipe()

    def act():
        said = {}
        for name in names:
            said[name] = ""
            try:
                call(name, *[0] * 6)
            except OSError as error:
                said[name] = f"{errno.errorcode[error.errno]} {error.strerror}"
        with open(writer, "w") as file:
            json.dump(said, file)

    try:
        pid = spawn(Limits(), [writer], act, without=without)
    except SandboxError as error:
        os.close(reader)
        if error.step in {"namespaces", "uid map"}:
            pytest.skip(str(error))
        raise
    finally:
        os.close(writer)
    with open(reader) as file:
        found = json.load(file)
    return found, os.waitpid(pid, 0)[1]


def test_each_denied_call_fails_closed_and_is_named():
    denied = sorted(syscalls.numbers(syscalls.machine()).keys() - PASSING)
    assert {"ptrace", "keyctl", "execve", "bpf", "mount", "clone3"} <= set(denied)
    found, status = inside(denied)
    assert found.keys() == set(denied)
    assert status == 0  # every call came back, with nothing done
    assert {
        name: said for name, said in found.items() if not said.startswith((f"EPERM {name}: ", f"ENOSYS {name}: "))
    } == {}


def test_control_makes_some_of_them_without_the_filter():
    found, _ = inside(["ptrace", "memfd_create", "unshare"], without=frozenset({"seccomp"}))
    assert found == {"ptrace": "", "memfd_create": "EFAULT memfd_create: Bad address", "unshare": ""}


def end_of_sandbox(act):
    return os.waitpid(spawn(Limits(), [], act), 0)[1]


def call_by_32_bits():
    """Ask for getpid as a program of 32 bits does: `mov eax, 20; int 0x80; ret`."""
    code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    code.write(bytes.fromhex("b814000000cd80c3"))
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


@pytest.mark.skipif(syscalls.machine() != "x86_64", reason="the other convention of x86_64")
def test_the_one_fatal_refusal_is_told_apart_by_its_signal():
    ended = end_of_sandbox(call_by_32_bits)
    # SIGSEGV where the kernel has no such convention
    assert os.WIFSIGNALED(ended)
    assert os.WTERMSIG(ended) in {signal.SIGSYS, signal.SIGSEGV}
    assert end_of(signal.SIGSYS) is End.SYSTEM_CALL
    # The first process of a namespace ignores what it sends itself: no submission can pretend to have been refused.
    assert end_of_sandbox(lambda: os.kill(os.getpid(), signal.SIGSYS)) == 0


def test_operators_are_told_which_calls_were_refused():
    told = next(layer for layer in layers() if layer.name == "seccomp")
    assert (told.holds, told.detail.partition(": ")[0]) == (True, "refused")
    assert {"execve", "ptrace", "keyctl", "io_uring_setup"} <= set(told.detail.partition(": ")[2].split(", "))


def test_operators_are_told_which_calls_were_not_refused():
    """The probe's own act in a sandbox with no filter."""
    reader, writer = os.pipe()
    act = import_module("grader.sandbox.probe")._try_seccomp  # the package gives its name to the function
    pid = spawn(
        Limits(), [writer], lambda: os.write(writer, json.dumps(act()).encode()), without=frozenset({"seccomp"})
    )
    os.close(writer)
    with open(reader) as file:
        holds, detail = json.load(file)
    os.waitpid(pid, 0)
    assert not holds
    assert detail.startswith("not refused: execve (ENOENT)")
    assert "ptrace (done)" in detail


def test_log_is_read_from_the_filter_on():
    lines = [
        "10 openat(AT_FDCWD, 0, 0) = 3",
        "11 read(3, 0, 1) = 1",
        "10 seccomp(SECCOMP_SET_MODE_FILTER, 1, 0) = 0",
        "12 getcwd(0, 1) = 1",
        "10 clone(0) = 2 /* 12 in strace's PID NS */",
        "10 futex(0 <unfinished ...>",
        "11 write(1, 0, 1) = 1",
        "10 <... futex resumed>) = 0",
        "10 keyctl(0) = -1 EPERM (Operation not permitted)",
        "12 socket(AF_UNIX) = -1 EPERM (Operation not permitted)",
        "12 socket(AF_UNIX) = 4",
        "10 poll(0 <unfinished ...>",
        "12 exit_group(0) = ?",
        "10 +++ killed by SIGKILL +++",
    ]
    made, refused = read_log(lines)
    assert made == {"getcwd", "clone", "futex", "keyctl", "socket", "poll", "exit_group"}
    assert refused == {"keyctl"}
