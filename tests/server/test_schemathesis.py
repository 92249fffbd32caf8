"""Whatever is sent to the API, it answers as it describes itself, and never with a fault of its own."""

import json
import os
import subprocess
import sys

import pytest

from server.account import tokens
from server.account.identity import find_by_login
from server.context import now
from tests.server.served import served
from tests.server.world import World

#: all but one: what a schema allows may still be refused, such as a cursor that leads nowhere
LEFT_OUT = "positive_data_acceptance"

#: what paths are filled with, besides what comes by chance: things that are there
THINGS = {
    "course": "COURSE", "login": "LOGIN", "slug": "SLUG", "id": "SUBMISSION", "regrade": "REGRADE",
    "request": "REQUEST", "remark": "REMARK", "announcement": "ANNOUNCEMENT",
    "assignment": "HANDOUT",
}  # fmt: skip
#: operations that are about something else; and what is taken away must not be missing in those that come later
OTHERS = {
    "remove_assignment": ("slug", "attention"),
    "remove_member": ("login", "bia"),
    "retry_failure": ("id", "FAILED"),
    "remove_announcement": ("announcement", "PORTAL ANNOUNCEMENT"),
    "withdraw_assignment": ("assignment", "ps9"),
    "collect": ("id", "HANDED IN"),
    "remove_from_exchange": ("id", "gone"),
    "release_feedback": ("id", "HANDED IN"),
    "fetch_feedback": ("id", "HANDED IN"),
}


def configure(world):
    """The settings of the tool: which thing stands for which part of a path."""
    known = {f"path.{name}": str(world.things[thing]) for name, thing in THINGS.items()}
    lines = ["[parameters]", *(f"{json.dumps(name)} = {json.dumps(value)}" for name, value in known.items())]
    for operation, (name, thing) in OTHERS.items():
        value = world.things.get(thing, thing)
        lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        lines += [f'parameters = {{ "path.{name}" = "{value}" }}']
    return "\n".join(lines) + "\n"


#: whose token takes which operations
PARTS = {
    "ana": ["--exclude-path-regex", "^/(courses|users|failures|queue|authoring|log|announcements)"],
    "davi": ["--include-path-regex", "^/courses"],
    "lia": ["--include-path-regex", "^/(courses$|users|failures|queue|authoring|log|announcements)"],
}


@pytest.mark.parametrize("login", PARTS)
def test_schemathesis_finds_nothing(make_app, tmp_path, login):
    app = make_app(API_PER_MINUTE=1_000_000, MAX_WAITING=1_000_000)
    (tmp_path / "schemathesis.toml").write_text(configure(World(app)))
    with app.extensions["portal"].database.write() as session:
        token = tokens.make_token(session, find_by_login(session, login), "tests", tokens.SCOPES, 7, now())

    with served(app) as address:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/v1/openapi.json", *PARTS[login]]
        options = [
            "--checks",
            "all",
            "--exclude-checks",
            LEFT_OUT,
            "--max-examples",
            os.environ.get("GRADIENTE_EXAMPLES", "8"),
            "--generation-deterministic",
            "--mode",
            "all",
        ]
        found = subprocess.run(
            [*command, *options, "--header", f"Authorization: Bearer {token}", "--no-color"],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=280,
        )  # fmt: skip

    print(found.stdout)
    assert found.returncode == 0, found.stdout + found.stderr
