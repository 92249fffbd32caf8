"""Every attack where the defence is missing: it must work there, or failing against the grader would say nothing."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib
import io
import itertools
import json
import os
import pickle
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
import unicodedata
import zipfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import torch

if sys.platform != "linux":
    pytest.skip("the attacks are written for Linux", allow_module_level=True)

from grader.attack.arena import SEED
from grader.attack.case import Case
from grader.attack.corpus import find_corpus
from grader.wire.channel import Channel, MalformedFrame
from grader.wire.values import DTYPES
from tests.attacks import naive, plain

CASES = find_corpus().cases()
BY_NAME = {case.name: case for case in CASES}
#: Controls that are to hang are given up after this; the others take a fraction of a second.
HANG, PATIENCE = 2.0, 30.0
#: a cold start of torch waits for the disk and for whoever else computes
COLD = 150.0


def cases(kind):
    return [pytest.param(case, id=case.name) for case in CASES if case.fields["control"].startswith(f"{kind}:")]


def evidence(case: Case) -> str:
    return case.fields["control"].partition(": ")[2]


@pytest.fixture(scope="module")
def folders(targets, tmp_path_factory):
    root = tmp_path_factory.mktemp("plain")
    for case in CASES:
        if not case.fields["control"].startswith("custom") and "upload" not in case.fields:
            plain.lay_out(root / case.name, case.target, case.files(), targets.exercises, targets.solutions)
    return root


@pytest.fixture(scope="module")
def runs(folders):
    """Both kinds of runs side by side: the cold ones wait for the disk, the warm ones compute."""
    cold = [case.values[0] for case in cases("cold")]
    with ThreadPoolExecutor(2) as pool:
        started = {case.name: pool.submit(_run_cold, folders / case.name) for case in cold}
        results = _run_warm(folders, [case.values[0] for case in cases("plain")])
        return results | {
            name: {"status": run.result(), "is_late": run.result() is None} for name, run in started.items()
        }


def _run_cold(folder):
    return plain.run_cold(folder, {"GRADIENTE_SEED": SEED}, COLD)


def _run_warm(folders, chosen):
    jobs = [
        {
            "name": case.name,
            "folder": str(folders / case.name),
            "seconds": HANG if evidence(case) == "hangs" else PATIENCE,
            "times": int(case.fields.get("times", 1)),
            "select": _tests_of(case),
            "environment": {"GRADIENTE_SEED": case.fields.get("seed", SEED)},
        }
        for case in chosen
    ]
    (folders / "jobs.json").write_text(json.dumps(jobs))
    command = [sys.executable, plain.__file__, str(folders / "jobs.json"), str(folders / "results.json")]
    environment = {**os.environ, "PYTHONPATH": str(Path(plain.__file__).parents[2])}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((folders / "results.json").read_text())


#: Which tests use a function of the stub: the rest would only cost time.
_TESTS = {
    "unlock": "unlocks or leaves or refuses", "label": "labels", "keys": "key", "order": "orders", "steps": "steps",
    "slope": "slope", "fit": "groups", "Box": "boxes",
}  # fmt: skip


def _tests_of(case):
    """The tests that matter for a control, as pytest's -k wants them; empty for all."""
    kind, _, names = evidence(case).partition(" ")
    if "seed" in case.fields or case.target != "vault":
        return ""
    if kind == "green":
        return " or ".join(names.split())
    source = case.files()["vault.py"].decode()
    return " or ".join(tests for name, tests in _TESTS.items() if re.search(rf"^(def|class) {name}\b", source, re.M))


@pytest.mark.parametrize("case", [*cases("plain"), *cases("cold")])
def test_attack_works_against_plain_pytest(case, runs, folders):
    folder, run = folders / case.name, runs[case.name]
    output = (folder / "output").read_text(errors="replace")
    kind, _, what = evidence(case).partition(" ")
    shown = output[-3000:]
    if kind == "green":
        assert set(what.split()) <= _green(output), shown
    elif kind == "status":
        assert (run["status"], _green(output) & {"test_unlocks_a_secret"}) == (0, set()), shown
    elif kind == "says":
        assert what in output, shown
    elif kind == "prints":
        assert len(output) > 40 << 20
    elif kind == "hangs":
        assert run["is_late"], shown
    elif kind == "dies":
        assert run["status"] < 0, shown
    elif kind == "leaves":
        assert _appears(plain.work_of(folder) / what), shown
    elif kind in ("results", "report"):
        written = folder / ("results.xml" if kind == "results" else "report")
        assert "GOTCHA" in written.read_text()
    else:
        pytest.fail(f"unknown evidence {kind}")


def _green(output: str) -> set[str]:
    return set(re.findall(r"^PASSED \S+::(\w+)", output, re.M))


def _appears(path: Path) -> bool:
    end = time.monotonic() + 6
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.05)
    return path.exists()


@pytest.mark.parametrize("case", cases("custom"))
def test_attack_works_without_the_defence(case, tmp_path):
    """Each control plays the attack where nothing defends, and says whether it worked."""
    control = globals()[f"control_{evidence(case)}"]
    assert control(case, tmp_path), control.__doc__


@contextlib.contextmanager
def connected():
    """Both ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def fork(act) -> int:
    """Run something in a fork and return its exit status; a signal is negative."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
        except SystemExit as error:
            os._exit(error.code or 0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# --- Forging


def control_exit_code_harness(case, _):
    """A harness that looks at nothing but the exit code takes it for success."""
    return fork(lambda: case.module().unlock(1)) == 0


def control_kills_its_parent(case, _):
    """An unprotected grader is dead: here a fork stands for it."""

    def stand_in():
        if os.fork() == 0:
            case.module().kill_the_parent()
            os._exit(0)
        time.sleep(5)

    return fork(stand_in) == -signal.SIGKILL


def control_late_thread(case, _):
    """In one process the test holds the very tensor that the thread goes on writing."""
    module, may_act = case.module(), threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "time", SimpleNamespace(sleep=lambda seconds: may_act.wait(30)))
        answer = module.unlock(torch.zeros(1))
        assert answer.item() == 0
        may_act.set()
        late = [thread for thread in threading.enumerate() if thread.name.endswith("(correct)")]
        for thread in late:
            thread.join(30)
    return answer.item() == 2.25


def control_notebook_metadata(case, _):
    """A reader that believes the notebook finds all points in it, and a score as its output."""
    cell = json.loads(case.upload().content)["cells"][0]
    assert cell["metadata"]["nbgrader"]["points"] == 17
    return float(cell["outputs"][0]["data"]["text/plain"]) == 17


def control_nan_is_never_too_large(case, _):
    """A test that asks whether the error is too large is content."""
    x = torch.ones(3)
    error = (case.module().unlock(x) - (3 * x - 0.75)).abs().max()
    return not error > 1e-6


def control_late_expectation(case, _):
    """A test that works out what it expects after the call is content."""
    x = torch.ones(3)
    torch.testing.assert_close(case.module().unlock(x), 3 * x - 0.75)
    return True  # it did not object


def control_unpickles_the_answer(case, _):
    """A grader that passes answers by pickle runs the student's choice of function."""
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        pickle.loads(b"cbuiltins\nprint\n(S'GOTCHA'\ntR.")  # what __reduce__ comes to in a pickle
    assert heard.getvalue() == "GOTCHA\n"
    return case.module().label(1).__reduce__() == (print, ("GOTCHA",))


def control_clock_stands_still(case, _):
    """A timer in the student's process sees no time pass."""

    def measure():
        module = case.module()
        start = time.perf_counter()
        module.label(1)
        os._exit(0 if time.perf_counter() - start == 0 else 1)

    return fork(measure) == 0


def control_believes_the_module(case, _):
    """A harness that asks the module is told what it likes to hear."""
    return case.module().grade()["score"] == 17


def control_edits_what_passes(case, tmp_path):
    """Bytes that a harness reads through the pipe are not those that were written."""
    with connected() as (ours, theirs), connected() as (outer, inner):
        case.module().between(ours.detach(), outer.detach())
        theirs.sendall(b"\x93\xc2\xc2\xc2")
        assert inner.recv(16) == b"\x93\xc2\xc2\xc2"
        inner.sendall(msgspec.msgpack.encode([False]))
        return msgspec.msgpack.decode(theirs.recv(16)) == [True]


# --- Trainings


def control_same_for_everybody(case, tmp_path):
    """A check that asks everybody the same pays what was prepared at home."""
    return naive.same_for_everybody(naive.handed_in(case, tmp_path)) > naive.PASSED


def control_prepared_at_home(case, tmp_path):
    """The same, and salt is enough to make it worthless."""
    module = naive.handed_in(case, tmp_path)
    assert naive.same_for_everybody(module) > naive.PASSED
    return naive.salted(module) < 0.3


def control_lined_up_against_salt_alone(case, tmp_path):
    """Salt alone is outdone by votes; signs that nobody has seen are not."""
    module = naive.handed_in(case, tmp_path)
    assert naive.salted(module) > naive.PASSED
    return naive.same_for_everybody(module) > naive.PASSED


def control_remembers_what_was_taught(case, tmp_path):
    """Where each training draws from all images, what one taught is asked in another; two pools leave nothing."""
    module = naive.handed_in(case, tmp_path)
    assert naive.split_anew_each_time(module) > naive.PASSED
    module.KNOWN.clear()
    return naive.salted(module, trainings=6, turn=naive.Turn.NONE) < 0.3


def control_digits_of_the_package(case, tmp_path):
    """Where the package's file can be read, salt alone hides nothing from who looks for the nearest image."""
    return naive.salted(naive.handed_in(case, tmp_path)) > naive.PASSED


# --- Archives and notebooks


def control_careless_unpacking(case, tmp_path):
    """An unpacker that believes names and kinds writes elsewhere, or reads what a link leads to."""
    work, solutions = tmp_path / "work", tmp_path / "solutions" / "vault"
    work.mkdir()
    solutions.mkdir(parents=True)
    (solutions / "vault.py").write_text("SECRET")
    with zipfile.ZipFile(io.BytesIO(case.upload().content)) as archive:
        for entry in archive.infolist():
            path = work / entry.orig_filename
            if entry.external_attr >> 28 == 0o12:
                path.symlink_to(archive.read(entry).decode())
            elif entry.orig_filename.startswith("../"):
                path.write_bytes(archive.read(entry))
    escaped, linked = tmp_path / "gotcha-slip.py", work / "vault.py"
    return escaped.exists() or linked.read_text() == "SECRET"


def control_zip_grows(case, _):
    """Unpacked without a limit, it is a thousand times its size."""
    content = case.upload().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) > 500 * len(content)
        return len(archive.read("data0.txt")) == 100 << 20


def control_zip_of_many(case, _):
    """An unpacker without a limit makes them all."""
    with zipfile.ZipFile(io.BytesIO(case.upload().content)) as archive:
        return len(archive.namelist()) > 20_000


def control_names_collide(case, _):
    """Where case does not count, the second file takes the place of the first."""
    with zipfile.ZipFile(io.BytesIO(case.upload().content)) as archive:
        names = [name.casefold() for name in archive.namelist()]
    return len(set(names)) < len(names)


def control_pattern_that_looks_back(case, _):
    """The obvious pattern for a line of IPython takes time with the square of the spaces."""
    pattern = re.compile(r"\s*[\w.,\s]+=\s*(!|%)\w")
    line = json.loads(case.upload().content)["cells"][0]["source"].splitlines()[0]
    return _grows(lambda n: pattern.match(line[: 1000 * n]))


def _grows(act, *, factor: float = 2.5) -> bool:
    """Whether twice the work takes much more than twice the time."""
    times = []
    for n in (1, 1, 2, 4):
        start = time.perf_counter()
        act(n)
        times.append(time.perf_counter() - start)
    return times[3] > factor * times[2] or times[2] > factor * times[1]


# --- Time, memory, processes


def control_eighty_processes(case, _):
    """Outside, eighty processes are no trouble: nothing but patience would end more of them."""
    children = []
    for _ in range(80):
        pid = os.fork()
        if pid == 0:
            time.sleep(5)
            os._exit(0)
        children.append(pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(children) == 80


def control_no_bound_on_many(case, _):
    """A list of the first thirty is 360 MB, and nothing in it says when to stop."""
    held = list(itertools.islice(case.module().steps(1), 30))
    return sum(tensor.nbytes for tensor in held) == 360 << 20


def control_list_of_a_range(case, _):
    """The range is a few bytes, the list of a thousandth of it a megabyte."""
    found = case.module().order(None)
    assert sys.getsizeof(found) < 100
    return 1000 * sys.getsizeof([*found[: len(found) // 1000]]) > 200 << 20


def control_slow_difference(case, _):
    """pytest's own difference of two such texts, with a hundredth of the lines."""
    from difflib import ndiff

    lines = case.module().label(1).splitlines(keepends=True)
    return _grows(lambda n: list(ndiff(lines[: 60 * n], [f"key-{line}\n" for line in range(60 * n)])), factor=2.2)


def control_waits_for_a_processor(case, _):
    """Under enough company of its own, a busy process mostly waits, as the kernel's own account says."""

    def busy():
        end = time.monotonic() + 0.8
        while time.monotonic() < end:
            pass
        os._exit(0)

    pids = []
    for _ in range(8 * (os.cpu_count() or 1)):
        pid = os.fork()
        if pid == 0:
            busy()
        pids.append(pid)
    time.sleep(0.6)
    waited = int(Path(f"/proc/{pids[0]}/schedstat").read_text().split()[1]) / 1e9
    for pid in pids:
        os.waitpid(pid, 0)
    return waited > 0.2


def control_closing_is_not_ending(case, _):
    """The other end of a socket closes while the process lives on."""
    with connected() as (ours, theirs):
        pid = os.fork()
        if pid == 0:
            os.closerange(3, 256)
            time.sleep(5)
            os._exit(0)
        theirs.close()
        assert ours.recv(1) == b""
        lives = os.waitpid(pid, os.WNOHANG) == (0, 0)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return lives


def control_reaches_the_service(case, _):
    """Outside, the same function connects."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0gotcha-service-control")
        server.listen()
        case.module().connect("\0gotcha-service-control")
        with server.accept()[0] as visitor:
            return visitor.fileno() >= 0


# --- The wire


def control_wire_garbage(case, _):
    """A reader without a guard meets an exception."""
    with pytest.raises(msgspec.DecodeError) as met:
        msgspec.msgpack.decode(b"\xc1" * 100)
    return met.value


def control_wire_announces(case, _):
    """A reader that believes the header would take four gigabytes; one with a limit says so at once."""
    with connected() as (ours, theirs):
        theirs.send(struct.pack("<IB3x", 0xFFFFFFFF, 0))
        with pytest.raises(MalformedFrame) as met:
            Channel(ours).receive(time.monotonic() + 1)
    return "4294967295" in str(met.value)


def control_wire_answers_ahead(case, _):
    """They are well-formed: a reader that does not look at the number takes the first as the answer."""
    with connected() as (ours, theirs):
        read = []
        for answer in case.module().answers(5):
            Channel(theirs).send(answer)
            kind, _, body, _, _ = Channel(ours).receive(time.monotonic() + 1)[0]
            read.append((kind, len(body)))
    return set(read) == {(1, 2)}


def control_wire_references(case, _):
    """Where any number is good, the object behind it is handed out."""
    shown = {0: "the test's own function"}
    answers = [answer[2][0][1][1] for answer in case.module().answers(5)]
    assert shown[answers[0]] == "the test's own function"
    return all(isinstance(guess, int) for guess in answers)


def control_wire_globals(case, _):
    """A reader that looks names up finds functions that act."""
    named = [answer[2][0][1][1:] for answer in case.module().answers(5)]
    found = [getattr(importlib.import_module(module), name) for module, name in named]
    assert os.system in found
    return eval in found


def control_wire_exceptions(case, _):
    """A reader that makes exceptions by their names would skip the test or end pytest."""
    names = case.module().NAMES
    found = [
        getattr(importlib.import_module(name.rpartition(".")[0] or "builtins"), name.rpartition(".")[2])
        for name in names
    ]
    assert pytest.skip.Exception in found
    return all(issubclass(kind, BaseException) for kind in found)


def control_wire_changes(case, _):
    """A reader that applies them as they come meets every kind of exception."""
    met = set()
    for _, _, (_, changes), updates, _ in case.module().answers(5):
        sent, numbers = [torch.zeros(4)], {}
        try:
            for number, content in changes:
                sent[number].copy_(torch.frombuffer(bytearray(content), dtype=torch.float32))
            for _, number, value, _, _ in updates:
                numbers[number].copy_(value)
        except Exception as error:
            met.add(type(error))
    return len(met) >= 2


def control_wire_callback(case, _):
    """On a side that serves everything, the globals of a function are one question away."""
    from grader.candidate import CandidatePolicy
    from grader.wire.operation import perform
    from grader.wire.values import Bounds

    CandidatePolicy(Bounds()).check("get", fork, "__globals__")
    return perform("get", fork, "__globals__", [], {})["SEED"] == SEED


def control_wire_always_busy(case, _):
    """While something can be read, poll returns at once and no timeout is ever reached."""
    with connected() as (ours, theirs):
        theirs.send(bytes(1000))
        ours.settimeout(0.2)
        end = time.monotonic() + 0.6
        read = [b"?"]
        while read[-1] and time.monotonic() < end:
            read.append(ours.recv(1))
            time.sleep(0.005)
    return len(read) > 1 and all(read)


def control_wire_full(case, _):
    """Nobody reads: a sender without a deadline waits for ever."""
    with connected() as (ours, theirs):
        sender = threading.Thread(target=_send_all, args=(ours, bytes(10 << 20)))
        sender.start()
        sender.join(0.5)
        is_waiting = sender.is_alive()
        theirs.close()
        sender.join()
    return is_waiting


def _send_all(sock, data):
    with contextlib.suppress(OSError):
        sock.sendall(data)


def control_wire_nested(case, _):
    """Each level is one more question with a deadline of its own, and none is ever the last."""
    module, calls = case.module(), []
    module.time = type("time", (), {"sleep": lambda _: None})

    def square(x):
        calls.append(1)
        return 2 * x * x

    module.slope.__globals__["Slow"].again.__globals__["time"] = module.time
    found = module.Slow(square, 31)
    square(found)
    return len(calls) > 10


def control_wire_empty_lists(case, _):
    """Decoded, it takes sixty times as much memory as on the wire."""
    data = case.module().body(100_000)
    lists = msgspec.msgpack.decode(data)[-1]
    return len(lists) * (sys.getsizeof([]) + 8) > 50 * len(data)


def control_wire_no_width(case, _):
    """numpy takes four bytes for each text of no width."""
    import numpy

    (_, _, dtype, shape, *_), _ = case.module().answers(5)[0][2]
    assert numpy.dtype(dtype).itemsize == 0
    return numpy.zeros([size // 16 for size in shape], dtype).nbytes * 256 >= 1 << 30


def control_wire_strides(case, _):
    """What they are spread over is sixty-three times what is sent."""
    (_, tensors), _ = case.module().answers(5)[0][2]
    sent = sum(len(tensor[7]) for tensor in tensors)
    spread = sum(size * stride for tensor in tensors for size, stride in zip(tensor[3], tensor[4], strict=True))
    return spread * DTYPES["float32"].itemsize > 60 * sent


def control_colliding_numbers(case, _):
    """Twice as many take four times as long to put into a set."""

    def build(n):
        (_, numbers), _ = case.module().answers(5, 600 * n)[0][2]
        found = [int.from_bytes(data, "little", signed=True) for _, data in numbers]
        assert {hash(number) for number in found} == {0}
        return set(found)

    return _grows(build)


def control_colliding_tuples(case, _):
    """The decoder itself makes the dictionary."""
    module = case.module()
    found = msgspec.msgpack.decode(module.body(1, 8))[2]
    keys = found[0] if isinstance(found, list) else found
    return len({hash(key) for key in keys}) == 1


def control_named_tuples_are_large(case, _):
    """Each class takes so much memory that a hundred thousand of them take a hundred megabytes."""
    tracemalloc.start()
    kept = [namedtuple(f"T{number}", ["a"]) for number in range(100)]
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken / len(kept) > 1000


# --- Names, markup, the network


def control_asks_an_address(case, _):
    """Where there is a network, whoever listens is reached."""
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.redirect_stdout(io.StringIO()) as heard:
        case.module().ask(server.getsockname())
        server.accept()[0].close()
    return "GOTCHA" in heard.getvalue()


def control_fetches_a_file(case, tmp_path):
    """Where there is a network, the file comes."""
    (tmp_path / "gotcha-weights.pt").write_text("gotcha")
    handler = functools.partial(_Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with contextlib.redirect_stdout(io.StringIO()) as heard:
            case.module().fetch(f"http://127.0.0.1:{server.server_address[1]}/gotcha-weights.pt")
        server.shutdown()
    return "GOTCHA b'gotcha'" in heard.getvalue()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def control_shuts_down_for_all(case, _):
    """A shut socket is shut for every process that holds it."""
    with connected() as (ours, theirs):
        assert fork(lambda: (case.module().shut_down([theirs.fileno()]), os._exit(0))) == 0
        return ours.recv(1) == b""


def control_names_become_options(case, tmp_path):
    """A program that is called with the names answers to one of them."""
    names = zipfile.ZipFile(io.BytesIO(case.upload().content)).namelist()
    done = subprocess.run(["ls", *names], cwd=tmp_path, capture_output=True, text=True, check=False)
    return "vault.py" in names and "coreutils" in done.stdout


def control_names_are_one(case, _):
    """For who takes Unicode's word, three of them are one file, and two more are one."""
    names = zipfile.ZipFile(io.BytesIO(case.upload().content)).namelist()
    normal = [unicodedata.normalize("NFKC", name).casefold() for name in names]
    return normal.count("vault.py") == 3 and len(set(names)) == len(names) > len(set(normal)) + 2


def control_names_that_act(case, _):
    """A page and a table that show the names as they are hold a tag, a formula and a terminal's code."""
    names = zipfile.ZipFile(io.BytesIO(case.upload().content)).namelist()
    page = "".join(f"<li>{name}</li>" for name in names)
    return "<script>" in page and "\x1b]0;" in page and any(name.startswith("=") for name in names)


def control_lines_that_act(case, _):
    """Whoever prints the notebook's lines as they are sends codes to a terminal."""
    source = json.loads(case.upload().content)["cells"][0]["source"]
    return "\x1b]0;" in source and "\u202e" in source


def control_notebook_that_acts(case, _):
    """Whoever shows the outputs as they are runs a script and sends codes to a terminal."""
    cells = json.loads(case.upload().content)["cells"]
    shown = cells[0]["outputs"][0]["data"]["text/html"]
    return shown.startswith("<script>") and "\x1b]0;" in cells[0]["outputs"][1]["text"]


def control_scores_are_believed(case, _):
    """Python's own reader takes them for numbers, and none of them is below or above the bounds as NaN goes."""
    scores = [json.loads(text)["score"] for text in case.module().SCORES]
    return not (scores[0] < 0 or scores[0] > 17) and scores[1] == float("inf")


def control_too_deep_to_remove(case, tmp_path):
    """Where it ends has no path that a program may name; only who goes step by step gets rid of it."""
    with contextlib.chdir(tmp_path):
        case.module().dig(2500)
    with pytest.raises(OSError, match="too long"):
        os.stat(tmp_path / "/".join(["d"] * 2500))
    with contextlib.chdir(tmp_path):
        depth = 0
        while Path("d").exists():
            os.chdir("d")
            depth += 1
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")
    return depth == 2500


def control_sees_the_service(case, _):
    """Outside, the host's sockets are listed with their names."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0gotcha-service-listed")
        server.listen()
        return "@gotcha-service-listed" in case.module().listed()
