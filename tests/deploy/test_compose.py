"""docker-compose.yml: what every container must not be able to do, and that the services work together as it says."""

from __future__ import annotations

import http.cookiejar
import json
import re
import secrets
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from kombu import Connection
from sqlalchemy import create_engine, make_url, select

from grader.sandbox.namespaces import _CLONE_NEW
from server.db import Database
from server.models import Submission
from tests.conftest import REFERENCE, ROOT, write_tree
from tests.deploy.compose import OWN_IMAGE, Machine, Process, read
from tests.faults.servers import RABBITMQ, missing, rabbitmq_answers
from tests.server.databases import POSTGRES

SERVICES = read()["services"]
ONCE = [name for name, service in SERVICES.items() if service["restart"] == "no"]
#: the services' own files, each in a volume of its own
SECRETS = {"/run/secrets/database", "/run/secrets/broker", "/run/secrets/portal", "/etc/rabbitmq/conf.d"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_no_right_that_it_does_not_need(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    # the one exception is explained where it stands
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert "no-new-privileges" in service["security_opt"]
    assert int(service["user"].partition(":")[0]) > 0
    assert {"privileged", "pid", "ipc", "devices", "userns_mode", "cgroup_parent"} & service.keys() == set()
    assert not any("docker.sock" in str(volume) or str(volume).startswith("/") for volume in service.get("volumes", []))
    unconfined = {option for option in service["security_opt"] if option != "no-new-privileges"}
    assert unconfined == ({"seccomp=docker/seccomp.json", "apparmor=unconfined"} if "worker" in name else set())


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_bounds_and_is_looked_after(name):
    service = SERVICES[name]
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert (name in ONCE) != ("healthcheck" in service)
    assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?(-[\w.]+)?", service["image"]), "pinned to a version"
    for needed, how in service.get("depends_on", {}).items():
        wanted = "service_completed_successfully" if needed in ONCE else "service_healthy"
        assert how == {"condition": wanted}


def test_workers_have_time_to_end_what_they_grade_and_reach_nothing_outside():
    networks = read()["networks"]
    for name in ("worker", "worker-gpu", "scheduler", "database", "broker", "migrate"):
        assert [networks[each] for each in SERVICES[name]["networks"]] == [{"internal": True}], name
    for name in ("worker", "worker-gpu"):
        assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) > 300
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_secrets_are_in_files_and_only_with_those_who_need_them():
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            assert not re.search("SECRET|PASSWORD|TOKEN|(DATABASE|BROKER)_URL", variable) or variable.endswith("_FILE")
            if variable.endswith("_FILE"):
                volumes = [str(volume) for volume in service["volumes"]]
                assert any(volume.endswith(f":{value.rpartition('/')[0]}:ro") for volume in volumes), (name, variable)
    holders = {
        volume: sorted(name for name, service in SERVICES.items() if f"{volume}:" in str(service.get("volumes")))
        for volume in ("secrets-database", "secrets-broker", "secrets-portal")
    }
    assert holders["secrets-portal"] == ["init", "portal"]
    assert holders["secrets-broker"] == ["broker", "init", "scheduler", "worker", "worker-gpu"]
    assert "broker" not in holders["secrets-database"]
    assert not any("proxy" in each for each in holders.values())


def test_secrets_are_made_once_and_fit_the_services(tmp_path):
    for folder in ("database", "broker", "portal"):
        (tmp_path / folder).mkdir()
    make = ["sh", str(ROOT / "docker" / "secrets.sh"), str(tmp_path)]
    assert subprocess.run(make, capture_output=True, text=True, check=True).stdout.count("made ") == 7
    found = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*/*")}
    for name, host, folder in (("database/url", "database", "database"), ("broker/url", "broker", "broker")):
        url = make_url(found[name])
        assert url.host == host
        assert host in SERVICES
        assert url.password == found[f"{folder}/password"]
    assert make_url(found["database/url"]).username == SERVICES["database"]["environment"]["POSTGRES_USER"]
    assert f"default_pass = {found['broker/password']}\n" in found["broker/10-gradiente.conf"]
    assert len({found[f"{folder}/password"] for folder in ("database", "broker")} | {found["portal/key"]}) == 3
    assert all(path.stat().st_mode & 0o007 == 0 for path in tmp_path.rglob("*/*"))
    assert subprocess.run(make, capture_output=True, text=True, check=True).stdout == ""
    assert {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*/*")} == found


def test_the_filter_of_workers_opens_what_the_sandbox_asks_for_and_no_more():
    profile = json.loads((ROOT / "docker" / "seccomp.json").read_text())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    rules = {name: rule for rule in profile["syscalls"] for name in rule["names"]}
    flags = sum(_CLONE_NEW.values())
    assert rules["unshare"]["args"] == [{"index": 0, "value": flags, "op": "SCMP_CMP_EQ"}]
    assert rules["clone"]["args"] == [{"index": 0, "value": flags, "op": "SCMP_CMP_MASKED_EQ"}]
    source = "".join(path.read_text() for path in (ROOT / "grader" / "sandbox").glob("*.py"))
    called = set(re.findall(r'\bcall\("(\w+)"', source))
    assert called <= rules.keys()
    for name in "setns keyctl bpf perf_event_open ptrace userfaultfd io_uring_setup kexec_load init_module".split():
        assert name not in rules


def test_the_portals_image_has_neither_solutions_nor_tests_and_workers_have_no_tools():
    stages = re.split(r"(?m)^FROM ", (ROOT / "docker" / "Dockerfile").read_text())[1:]
    stage = {re.search(r" AS (\w[\w-]*)", text)[1]: text for text in stages}
    assert "COPY solutions" not in stage["portal"]
    assert "torch" not in stage["portal"]
    for name in ("portal", "worker"):
        assert "\nUSER 10001:10001\n" in stage[name]
        assert "apt-get" not in stage[name]
        assert "pip" not in re.findall(r"^(?:RUN|COPY).*", stage[name], re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignored[1] == "*"
    assert not any("tests" in line for line in ignored if line.startswith("!"))
    wanted = subprocess.run(
        ["python3", "docker/requirements.py", "--extras", "portal,workers", "--without", "torch,torchvision"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert {"gunicorn", "celery", "psycopg[binary]"} <= {line.partition("==")[0] for line in wanted}
    assert not any(line.startswith(("torch", "gradiente")) for line in wanted)


@pytest.mark.skipif(shutil.which("caddy") is None, reason="Caddy is not installed")
def test_the_proxys_configuration_is_valid():
    caddy = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(ROOT / "docker" / "Caddyfile")]
    assert subprocess.run(caddy, capture_output=True, check=False).returncode == 0


@pytest.fixture
def database() -> Iterator[str]:
    """The address of a database without tables."""
    name = f"gradiente_test_{secrets.token_hex(8)}"
    engine = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3})
    try:
        server = engine.connect()
    except Exception as error:
        missing("postgres", f"No PostgreSQL answers at {POSTGRES}: {error}")
    with server:
        server.exec_driver_sql(f"CREATE DATABASE {name}")
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        server.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture
def prefix() -> Iterator[str]:
    """What the names of this test's queues begin with."""
    if not rabbitmq_answers():
        missing("rabbitmq", f"No RabbitMQ answers at {RABBITMQ}")
    made = f"gradiente_test_{secrets.token_hex(4)}"
    yield made
    with Connection(RABBITMQ) as connection:
        for queue in ("cpu", "gpu"):
            connection.default_channel.queue_delete(f"{made}.{queue}")


@pytest.fixture
def machine(tmp_path: Path, database: str, prefix: str) -> Machine:
    """What the volumes and the images hold, here: the portal's has no solutions, only what sealed them."""
    write_tree(tmp_path / "worker")
    shutil.copytree(tmp_path / "worker" / "exercises", tmp_path / "portal" / "exercises")
    seal = re.search(r"^RUN cd /srv/solutions && (sha256sum .*) > ", (ROOT / "docker" / "Dockerfile").read_text(), re.M)
    hashes = subprocess.run(seal[1], shell=True, cwd=tmp_path / "worker" / "solutions", capture_output=True, check=True)
    (tmp_path / "portal" / "solutions.sha256").write_bytes(hashes.stdout)
    for name, content in {
        "database/url": f"{database}\n", "broker/url": RABBITMQ, "portal/key": secrets.token_hex(32),
        "portal/metrics": "a token that nobody guesses",
    }.items():  # fmt: skip
        (tmp_path / "secrets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "secrets" / name).write_text(content)
    for name in ("data", "datasets"):
        (tmp_path / name).mkdir()
    places = {
        "/run/secrets": tmp_path / "secrets",
        "/data": tmp_path / "data",
        "/datasets": tmp_path / "datasets",
    }
    return Machine(tmp_path, places, {"GRADIENTE_PORTAL_BROKER_PREFIX": prefix})


def run(name: str, machine: Machine, image: str) -> Process:
    """Start a service with the variables of its image."""
    dockerfile = (ROOT / "docker" / "Dockerfile").read_text()
    stage = dockerfile[dockerfile.index(f" AS {image}\n") :]
    told = re.search(r"\nENV (GRADIENTE_(?:.*\\\n)*.*)", stage)[1]
    variables = dict(pair.split("=", 1) for pair in told.replace("\\\n", " ").split())
    places = {**machine.places, "/srv": machine.folder / image}
    assert OWN_IMAGE.match(SERVICES[name]["image"])[1] == image
    return Process(name, Machine(machine.folder, places, {**machine.image, **variables}))


class Browser:
    """Somebody behind the proxy, which has taken the encryption off."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar(policy))
        self.opener = urllib.request.build_opener(cookies)
        told = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "Referer": f"https://127.0.0.1:{port}/"}
        self.opener.addheaders = list(told.items())

    def read(self, path: str, **form: str) -> tuple[str, str]:
        data = urllib.parse.urlencode(form).encode() if form else None
        with self.opener.open(self.address + path, data, timeout=120) as answer:
            return urllib.parse.urlsplit(answer.url).path, answer.read().decode()

    def send(self, path: str, **form: str) -> tuple[str, str]:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.read(path)[1])[1]
        return self.read(path, csrf_token=token, **form)


@pytest.mark.timeout(900)
def test_from_the_first_start_to_a_grade(machine, database, sandboxed):
    migrate = run("migrate", machine, "portal")
    assert migrate.wait() == 0, migrate.said()
    link = re.search(r"https://localhost(/invitation/\S+)", migrate.said())[1]

    running = [run("portal", machine, "portal"), run("scheduler", machine, "portal"), run("worker", machine, "worker")]
    try:
        for each in running:
            each.wait_until_well()
        browser = Browser(running[0].ports["8000"])
        password = "a long enough password"
        browser.send(link, login="chefe", name="Chefe", password=password, repeated=password)
        page, _ = browser.send("/exercises/toy", code=REFERENCE)
        end = time.monotonic() + 180
        while (state := json.loads(browser.read(f"{page}/state")[1])["state"]) in ("received", "running"):
            assert time.monotonic() < end, "\n".join(each.said() for each in running)
            time.sleep(0.3)
        assert state == "graded", "\n".join(each.said() for each in running)

        kept = Database(database)
        with kept.reader() as session:
            submission = session.scalars(select(Submission)).one()
            assert (submission.score, submission.max_score) == (6, 6)
            # The portal, which has no hidden test, knows by which version that was.
            assert f"<code>{submission.exercise_version}</code>" in browser.read("/office/exercises")[1]
        kept.close()
        assert "from 203.0.113.7" in running[0].said()
        again = run("migrate", machine, "portal")
        assert again.wait() == 0
        assert "/invitation/" not in again.said()
    finally:
        for each in running:
            each.ask_to_stop()
        ended = [each.wait() for each in running]
    assert ended == [0, 0, 0], "\n".join(each.said() for each in running)


def test_the_file_is_one_that_compose_reads():
    told = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    named = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {name for name in named if not name.startswith((".", "/"))} == told["volumes"].keys()
    assert {each for service in SERVICES.values() for each in service.get("networks", [])} == told["networks"].keys()
