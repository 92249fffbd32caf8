"""Reads docker-compose.yml as Compose does, and starts its services as plain processes of this machine."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")
#: what tells a process of ours apart from somebody else's program
OWN_IMAGE = re.compile(r"gradiente-(portal|worker)(-gpu)?:")


@cache
def read() -> dict[str, Any]:
    """The file, with the values that variables have where nobody sets them."""
    return _filled(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner) for inner in value]
    return _VARIABLE.sub(r"\2", value) if isinstance(value, str) else value


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class Machine:
    """Where the services run: what the containers have at a path or a port, this machine has at another."""

    folder: Path
    #: by path in the container
    places: dict[str, Path]
    #: variables that the images set
    image: dict[str, str]

    def environment(self, service: dict[str, Any]) -> dict[str, str]:
        """What the container would have in its environment, and nothing of this test's but where programs are."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        found = {**kept, **self.image, **service.get("environment", {}), "GRADIENTE_LANG": "en"}
        return {name: self._here(str(value)) for name, value in found.items()}

    def _here(self, value: str) -> str:
        """The same path on this machine."""
        known = sorted((path for path in self.places if f"{value}/".startswith(f"{path}/")), key=len)
        return f"{self.places[known[-1]]}{value.removeprefix(known[-1])}" if known else value


class Process:
    """One service: its very command, environment and health check."""

    def __init__(self, name: str, machine: Machine) -> None:
        service = read()["services"][name]
        self.name = name
        self.ports: dict[str, int] = {}
        self.environment = machine.environment(service)
        self._check = service.get("healthcheck", {}).get("test", ())
        self.path = machine.folder / f"{name}.log"
        command = [self._local(word) for word in service["command"]]
        assert command[0] == "gradiente"
        with self.path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "grader", *command[1:]],
                cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def _local(self, word: str) -> str:
        """The word of a command line, with a port of this machine in place of one for everybody."""
        if found := re.fullmatch(r"0\.0\.0\.0:(\d+)", word):
            self.ports[found[1]] = free_port()
            return f"127.0.0.1:{self.ports[found[1]]}"
        return word

    def is_well(self) -> bool:
        """What the service's own health check says."""
        kind, program, *words = self._check
        assert (kind, program) == ("CMD", "python")
        words = [re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda found: str(self.ports[found[0]]), word) for word in words]
        checked = subprocess.run(
            [sys.executable, *words], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        return checked.returncode == 0

    def wait_until_well(self, seconds: float = 180) -> None:
        end = time.monotonic() + seconds
        while not self.is_well():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < end, self.said()
            time.sleep(0.5)

    def ask_to_stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 120) -> int:
        return self.process.wait(seconds)

    def said(self) -> str:
        return f"{self.name}:\n{self.path.read_text(errors='replace')}"
