"""``gradiente data``: from a server that breaks off, from a folder, and with files that are not what was published."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from dataclasses import replace

import pytest
from click.testing import CliRunner

from grader.__main__ import cli
from grader.training.fetch import FetchError, fetch
from grader.training.known import KNOWN as KNOWN_SETS
from grader.training.known import MNIST, DataFile
from tests.grader.training.test_sets import md5

CONTENT = {file.name: gzip.compress(file.name.encode() * 50_000, mtime=0) + bytes(300_000) for file in MNIST.files[:2]}
KNOWN = replace(MNIST, files=tuple(DataFile(name, md5(content)) for name, content in CONTENT.items()))


class Server(http.server.ThreadingHTTPServer):
    """Serves the files; ``breaks`` says after how many bytes the next answer stops, ``ranges`` whether it can go on."""

    breaks: int | None = None
    ranges = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = files, []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/sets"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rpartition("/")[2]
        start = self.headers.get("Range", "") if self.server.ranges else ""
        self.server.asked.append((name, start))
        content = self.server.files.get(name)
        if content is None:
            self.send_error(404)
            return
        first = int(start.removeprefix("bytes=").rstrip("-")) if start else 0
        if first >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.end_headers()
        breaks, self.server.breaks = self.server.breaks, None
        self.wfile.write(content[first:] if breaks is None else content[first : first + breaks])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server(dict(CONTENT)) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def names(folder):
    return sorted(path.name for path in (folder / "MNIST" / "raw").iterdir())


def test_all_files_come_and_come_once(server, tmp_path):
    assert [path.name for path in fetch(KNOWN, tmp_path, server.address)] == list(CONTENT)
    assert {name: (tmp_path / "MNIST" / "raw" / name).read_bytes() for name in CONTENT} == CONTENT
    assert fetch(KNOWN, tmp_path, server.address) == []
    assert len(server.asked) == 2


@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "no ranges"])
def test_what_broke_off_goes_on(server, tmp_path, ranges):
    server.breaks, server.ranges = 200_000, ranges
    first = next(iter(CONTENT))
    with pytest.raises(FetchError):
        fetch(KNOWN, tmp_path, server.address)
    assert names(tmp_path) == [f"{first}.part"]
    fetch(KNOWN, tmp_path, server.address)
    assert server.asked[1] == (first, f"bytes={3 << 16}-" if ranges else "")
    assert names(tmp_path) == sorted(CONTENT)


def test_what_was_complete_but_not_in_its_place_is_not_loaded_again(server, tmp_path):
    part = tmp_path / "MNIST" / "raw" / f"{next(iter(CONTENT))}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(next(iter(CONTENT.values())))
    fetch(KNOWN, tmp_path, server.address)
    assert names(tmp_path) == sorted(CONTENT)


def test_another_file_never_takes_the_place(server, tmp_path):
    server.files[next(iter(CONTENT))] = b"something else"
    with pytest.raises(FetchError, match="checksum") as caught:
        fetch(KNOWN, tmp_path, server.address)
    assert "soma de verificação" in caught.value.text["pt-BR"]
    assert names(tmp_path) == []


def test_a_damaged_file_is_replaced(server, tmp_path):
    path = tmp_path / "MNIST" / "raw" / next(iter(CONTENT))
    path.parent.mkdir(parents=True)
    path.write_bytes(b"damaged")
    fetch(KNOWN, tmp_path, server.address)
    assert path.read_bytes() == CONTENT[path.name]


def test_a_server_without_the_file_and_none_at_all_say_what_to_do(server, tmp_path):
    server.files.clear()
    for address, reason in ((server.address, "404"), ("http://127.0.0.1:9", "refused")):
        with pytest.raises(FetchError, match=reason) as caught:
            fetch(KNOWN, tmp_path, address)
        assert "--from" in caught.value.text["en"]


def test_the_published_addresses_are_tried_one_after_the_other(server, tmp_path):
    known = replace(KNOWN, addresses=("http://127.0.0.1:9/", server.address))
    assert len(fetch(known, tmp_path)) == 2


@pytest.mark.parametrize("below", [".", "MNIST/raw"])
def test_a_folder_serves_as_well(tmp_path, below):
    source = tmp_path / "elsewhere" / below
    source.mkdir(parents=True)
    for name, content in CONTENT.items():
        (source / name).write_bytes(content)
    fetch(KNOWN, tmp_path / "data", str(tmp_path / "elsewhere"))
    assert names(tmp_path / "data") == sorted(CONTENT)


def test_a_folder_without_the_file_is_named(tmp_path):
    with pytest.raises(FetchError, match="no file there is the one that was published"):
        fetch(KNOWN, tmp_path / "data", str(tmp_path))


def gradiente(*arguments, data):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], env={"GRADIENTE_DATA": str(data)})


def test_the_command_lists_what_is_there(tmp_path):
    rows = {row["name"]: row for row in json.loads(gradiente("data", "list", "--json", data=tmp_path).stdout)}
    assert (rows["digits"]["present"], rows["mnist"]["present"], rows["mnist"]["count"]) == (True, False, 70_000)
    assert "gradiente data fetch mnist" in gradiente("data", "list", data=tmp_path).stdout


def test_the_command_says_what_went_wrong(tmp_path):
    found = gradiente("data", "fetch", "mnist", "--from", tmp_path, "--lang", "pt-BR", data=tmp_path)
    assert found.exit_code == 3
    assert "nenhum arquivo lá é o que foi publicado" in found.stderr
    assert gradiente("data", "fetch", "digit", data=tmp_path).exit_code == 2


def test_the_command_fetches(server, tmp_path, monkeypatch):
    monkeypatch.setitem(KNOWN_SETS, "mnist", KNOWN)
    found = gradiente("data", "fetch", "mnist", "--from", server.address, "--lang", "en", data=tmp_path)
    assert (found.exit_code, found.stdout) == (0, f"MNIST is in {tmp_path}.\n")
    assert names(tmp_path) == sorted(CONTENT)
