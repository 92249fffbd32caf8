"""The sandboxed kernel, as Jupyter starts it, watches it and ends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ipykernel", reason="nbgrader is not installed: pip install gradiente[nbgrader]")
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from traitlets.config import Config

from grader.errors import SubmissionError
from grader.nbgrader.kernel import NAME, SPECS, configure
from grader.nbgrader.kernel.files import pack, unpack
from tests.nbgrader.grading import need_a_sandbox

#: a process that survives whoever started it, and is found by its name
STRAY = """
import ctypes, os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        ctypes.CDLL(None).prctl(15, {name!r}.encode(), 0, 0, 0)
        time.sleep(300)
    os._exit(0)
time.sleep(0.2)
"""

WITHOUT_NAMESPACES = """
import ctypes
assert ctypes.CDLL(None).unshare(0x10000000) == 0
open("/proc/sys/user/max_user_namespaces", "w").write("0")
"""

START = """
import sys
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from grader.nbgrader.kernel import NAME, SPECS

specs = KernelSpecManager(kernel_dirs=[str(SPECS / "kernels")], ensure_native_kernel=False)
manager = KernelManager(kernel_name=NAME, kernel_spec_manager=specs)
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(60)
client.execute(sys.argv[1], reply=True)
print("ready", flush=True)
sys.stdin.read()
"""


def with_name(name):
    """The processes of this name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == name:
                found.append(path.parent.name)
        except OSError:  # it has ended meanwhile
            continue
    return found


class Kernel:
    """A kernel and what is typed into it."""

    def __init__(self, folder, **limits):
        specs = KernelSpecManager(kernel_dirs=[str(SPECS / "kernels")], ensure_native_kernel=False)
        config = Config({"SandboxProvisioner": limits})
        self.manager = KernelManager(kernel_name=NAME, kernel_spec_manager=specs, config=config)
        self.manager.start_kernel(cwd=str(folder))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(60)

    def run(self, code):
        """The value of the last line, or the name of the error."""
        outputs = []
        reply = self.client.execute_interactive(code, allow_stdin=False, timeout=60, output_hook=outputs.append)
        if reply["content"]["status"] == "error":
            return reply["content"]["ename"]
        found = [each["content"]["data"]["text/plain"] for each in outputs if each["msg_type"] == "execute_result"]
        return found[0] if found else None

    def close(self):
        self.client.stop_channels()
        if self.manager.has_kernel:
            self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module", autouse=True)
def _sandbox():
    need_a_sandbox()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What may lie beside a notebook that is being graded."""
    made = tmp_path_factory.mktemp("course") / "autograded" / "ana" / "ps1"
    (made / "data" / ".cache").mkdir(parents=True)
    for name in ("helper.py", "data/points.csv", "p.ipynb", "q.ipynb", "submission_secret.txt", "timestamp.txt"):
        (made / name).write_text("X = 5\n")
    (made / "data" / ".cache" / "x").write_text("")
    (made / "link.txt").symlink_to("/etc/passwd")
    (made / "etc").symlink_to("/etc")
    return made


@pytest.fixture(scope="module")
def kernel(folder):
    made = Kernel(folder, memory_mb=256)
    yield made
    made.close()


def test_sees_the_files_beside_its_notebook_and_nothing_that_grades(kernel, folder):
    seen = "import os; sorted(os.path.join(place, name) for place, _, names in os.walk('.') for name in names)"
    assert kernel.run(seen) == "['./data/points.csv', './helper.py']"
    assert kernel.run("import helper; helper.X") == "5"
    assert kernel.run(f"os.path.exists({str(folder)!r}) or os.path.exists({str(Path.home())!r} + '/.local')") == "False"
    # What it writes, it writes into copies.
    assert kernel.run("open('helper.py', 'w').write('X = 6')") == "5"
    assert (folder / "helper.py").read_text() == "X = 5\n"


def test_has_no_network_no_programs_no_rights_and_a_clean_environment(kernel):
    assert kernel.run("import socket; socket.socket().connect(('127.0.0.1', 9))") == "PermissionError"
    assert kernel.run("import subprocess; subprocess.run(['/bin/true'])") in ("FileNotFoundError", "PermissionError")
    assert kernel.run("open('/etc/passwd')") == "FileNotFoundError"
    assert kernel.run("import os; os.getuid() != 0, os.getpid(), os.environ['HOME']") == "(True, 1, '/tmp')"
    assert kernel.run("[name for name in os.environ if 'PATH' in name or 'JUPYTER' in name]") == "[]"
    assert kernel.run("open('/proc/1/environ').read().count('PATH')") == "0"


def test_knows_torch_and_takes_as_much_memory_as_it_may(kernel):
    assert kernel.run("import torch; torch.ones(3).sum().item()") == "3.0"
    assert kernel.run("x = bytearray(400 << 20)") == "MemoryError"


def test_a_cell_that_takes_too_long_leaves_a_kernel_that_works(kernel):
    cells = ["x = 41", "while True:\n    pass", "x + 1"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    slow = {"ename": "TooLong", "evalue": "", "traceback": []}
    client = NotebookClient(notebook, kernel_name="python3", timeout=1, interrupt_on_timeout=True,
                            error_on_timeout=slow, allow_errors=True)  # fmt: skip
    # The line of ``configure`` decides, and not what the notebook asks for.
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "", "language": "python"}
    config = Config()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", "")
        configure(config)
        client.kernel_name = config.Execute.kernel_name
        client.execute()
    assert [each["output_type"] for each in notebook.cells[1].outputs] == ["error"]
    assert notebook.cells[1].outputs[0]["ename"] == "KeyboardInterrupt"
    assert notebook.cells[2].outputs[0]["data"]["text/plain"] == "42"


def test_starts_again(folder):
    kernel = Kernel(folder)
    try:
        kernel.run("x = 1")
        kernel.manager.restart_kernel(now=True)
        kernel.client.wait_for_ready(60)
        assert kernel.run("x") == "NameError"
        assert kernel.run("import helper; helper.X") == "5"
    finally:
        kernel.close()


def test_nothing_is_left_when_it_is_shut_down(folder):
    kernel = Kernel(folder)
    name = f"stray-{os.getpid()}-a"
    place = Path(kernel.manager.ip).parent
    try:
        kernel.run(STRAY.format(name=name))
        assert len(with_name(name)) == 1
        assert place.stat().st_mode & 0o777 == 0o700
    finally:
        kernel.close()
    assert not with_name(name)
    assert not place.exists()


def test_nothing_is_left_when_whoever_started_it_is_killed(tmp_path):
    name = f"stray-{os.getpid()}-b"
    command = [sys.executable, "-c", START, STRAY.format(name=name)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}  # where its sockets are left
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as owner:
        assert owner.stdout.readline() == "ready\n"
        assert len(with_name(name)) == 1
        owner.kill()
    for _ in range(200):
        if not with_name(name):
            break
        time.sleep(0.05)
    assert not with_name(name)


def test_ends_when_all_its_processes_together_take_too_much(folder):
    kernel = Kernel(folder, memory_mb=150)
    try:
        kernel.client.execute("import os, time\nos.fork()\nx = b'.' * (100 << 20)\ntime.sleep(60)")
        for _ in range(600):
            if not kernel.manager.is_alive():
                break
            time.sleep(0.05)
        assert not kernel.manager.is_alive()
    finally:
        kernel.close()


def test_without_a_sandbox_no_kernel_starts_and_the_reason_is_said():
    command = [sys.executable, "-c", WITHOUT_NAMESPACES + START, ""]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ready" not in done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert "This host has no sandbox for a kernel, so none was started and no notebook was run. sandbox: " in last
    assert "`gradiente doctor` tries each layer" in last


def test_who_does_not_know_provisioners_gets_no_kernel_at_all():
    words = json.loads((SPECS / "kernels" / NAME / "kernel.json").read_text())["argv"]
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "starts in its sandbox alone" in done.stderr


def test_files_that_are_too_many_are_refused_with_what_to_do(tmp_path):
    with (tmp_path / "weights.bin").open("wb") as file:
        file.truncate(3 << 20)
    with pytest.raises(SubmissionError, match=r"more than 2 MB.*c\.SandboxProvisioner\.tmp_mb"):
        pack(tmp_path, 2)
    with pack(tmp_path, 3) as archive:
        unpack(archive, tmp_path / "copy")
    assert (tmp_path / "copy" / "weights.bin").stat().st_size == 3 << 20


@pytest.mark.parametrize("name", ["gradebook.db", "nbgrader_config.py"])
def test_of_a_course_nothing_is_copied(tmp_path, name):
    (tmp_path / "answers.py").write_text("")
    (tmp_path / name).write_text("")
    with pack(tmp_path, 1) as archive:
        unpack(archive, tmp_path / "copy")
    assert not list((tmp_path / "copy").iterdir())
