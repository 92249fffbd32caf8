"""OpenStack Swift with its S3 interface: a real object store, in processes of its own, with one disk and one copy."""

from __future__ import annotations

import getpass
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config

ACCESS_KEY, SECRET_KEY = "class:teacher", "chalk-and-sponge"
SERVERS = ("account", "container", "object")

_RINGS = """
import sys
from swift.common.ring import RingBuilder
for spec in sys.argv[1:]:
    name, port = spec.split(":")
    builder = RingBuilder(0, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1", "weight": 1})
    builder.rebalance()
    builder.get_ring().save(name + ".ring.gz")
"""

_COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
workers = 0
"""

_SERVER = """
devices = {folder}/disks
mount_check = false
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""

_PROXY = """
[pipeline:main]
pipeline = catch_errors s3api tempauth copy slo dlo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_class_teacher = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
"""


class Swift:
    """Four servers on free ports. Started by their own commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "disks" / "d1").mkdir(parents=True)
        (folder / "swift.conf").write_text(
            "[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = one\ndefault = yes\n"
        )
        ports = free_ports(4)
        specs = [f"{name}:{port}" for name, port in zip(SERVERS, ports, strict=False)]
        subprocess.run([sys.executable, "-c", _RINGS, *specs], cwd=folder, check=True, timeout=120)
        self.endpoint = f"http://127.0.0.1:{ports[3]}"
        parts = zip((*SERVERS, "proxy"), ports, strict=True)
        self.processes = [self._begin(name, port, _PROXY if name == "proxy" else _SERVER) for name, port in parts]

    def _begin(self, name: str, port: int, rest: str) -> subprocess.Popen[bytes]:
        path = self.folder / f"{name}.conf"
        known = {"port": port, "user": getpass.getuser(), "folder": self.folder, "name": name, "secret": SECRET_KEY}
        path.write_text((_COMMON + rest).format(**known))
        log = (self.folder / f"{name}.log").open("wb")
        command = [Path(sys.executable).with_name(f"swift-{name}-server"), path]
        with log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def wait(self) -> None:
        """Until an object can be kept."""
        deadline = time.monotonic() + 120
        while True:
            try:
                client_of(self.endpoint, ACCESS_KEY, SECRET_KEY).create_bucket(Bucket="ready")
                return
            except Exception:
                dead = [each.args for each in self.processes if each.poll() is not None]
                logs = "".join(path.read_text()[-2000:] for path in self.folder.glob("*.log"))
                assert not dead, f"{dead} ended: {logs}"
                assert time.monotonic() < deadline, logs
            time.sleep(0.2)

    def close(self) -> None:
        for process in self.processes:
            process.send_signal(signal.SIGKILL)
        for process in self.processes:
            process.wait(30)


@contextmanager
def running_swift(folder: Path) -> Iterator[Swift]:
    swift = Swift(folder)
    try:
        swift.wait()
        yield swift
    finally:
        swift.close()


def client_of(endpoint: str, key: str | None = None, secret: str | None = None):
    """A client of a server's owner; without a key, of whom the environment names."""
    session = boto3.session.Session(key, secret)
    config = Config(connect_timeout=5, read_timeout=30, s3={"addressing_style": "path"})
    return session.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
