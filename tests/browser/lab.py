"""Somebody's own JupyterLab with nbgrader in it: the server, and a window in which they press and type.

Nothing of the account that runs it is used or changed: settings, data and kernels' files lie in a folder.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: news would ask the internet, and a question about them would lie over the page
QUIET = {
    "apputils-extension": {"notification": {"fetchNews": "false", "checkForUpdates": False}},
    # A cell out of sight would not be in the page, and nobody could wait for it.
    "notebook-extension": {"tracker": {"windowingMode": "none"}},
}
SWITCHES = (
    "--no-browser",
    "--ip=127.0.0.1",
    "--IdentityProvider.token=",
    "--ServerApp.password=",
    "--ServerApp.allow_root=True",
    "--LabApp.extension_manager=readonly",
    "--LabApp.news_url=None",
)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Variables under which Jupyter keeps to a folder; no environment is activated."""
    here = {name: str(home / "jupyter" / name.lower()) for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")}
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab" / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "lab" / "workspaces"),
        **{f"JUPYTER_{name}": folder for name, folder in here.items()},
        **more,
    }


class Server:
    """``jupyter lab`` in a folder, in a process of its own."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        settings = Path(variables["JUPYTERLAB_SETTINGS_DIR"])
        for extension, plugins in QUIET.items():
            for plugin, values in plugins.items():
                path = settings / "@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(values))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = Path(variables["HOME"]) / "jupyter.log"
        command = [sys.executable, "-m", "jupyterlab", *SWITCHES, f"--port={port}", "--ServerApp.port_retries=0"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=variables, stdout=log, stderr=log)

    def wait(self) -> None:
        """Wait until it answers. Raises RuntimeError where it does not."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/api", timeout=10).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise RuntimeError(f"JupyterLab does not start. Its log:\n{self.log.read_text()}")

    def stop(self) -> None:
        """End it and its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)


class Window:
    """A browser's window on a JupyterLab. Steps return when what they have started is done."""

    def __init__(self, browser: Any, address: str, patience: float = 120.0) -> None:
        self.context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.patience = patience
        self.page.set_default_timeout(patience * 1000)

    def open(self, command: str) -> None:
        """Open JupyterLab, and from its menu Nbgrader what a command shows."""
        self.page.goto("/lab?reset")
        # It resets once more whenever the address changes, until it has taken the word out of it.
        self.page.wait_for_url(lambda address: "reset" not in address)
        menu = self.page.locator("#jp-MainMenu .lm-MenuBar-itemLabel", has_text="Nbgrader")
        item = self.page.locator(f"#jp-mainmenu-nbgrader li[data-command='nbgrader:{command}']")
        self.repeat(menu.click, item)
        item.click()

    def repeat(self, step: Callable[[], None], shown: Any) -> None:
        """Take a step until what it opens is shown: what is drawn anew just then, closes again or hears nothing."""
        # Here: the tests are collected where Playwright is not installed, too.
        from playwright.sync_api import TimeoutError as PlaywrightTimeout

        end = time.monotonic() + self.patience
        while True:
            step()
            try:
                shown.wait_for(timeout=10_000)
            except PlaywrightTimeout:
                if time.monotonic() > end:
                    raise
            else:
                return

    def close(self) -> None:
        """Close it."""
        self.context.close()


class AssignmentList(Window):
    """A student's window: the list of assignments, and a notebook opened from it."""

    def open_list(self) -> None:
        """Show the list."""
        self.open("open-assignment-list")

    def _row(self, part: str, assignment: str) -> Any:
        return self.page.locator(f"#{part}_assignments_list > .list_item", has_text=assignment)

    def fetch(self, assignment: str) -> None:
        """Fetch what is released."""
        self._row("released", assignment).get_by_role("button", name="Fetch").click()
        self._row("fetched", assignment).first.wait_for()

    def open_notebook(self, assignment: str) -> Any:
        """Open the only notebook of what was fetched; gives its cells."""
        row = self._row("fetched", assignment)
        link = row.locator(".nested_list_item a")
        self.repeat(row.locator("a.assignment-notebooks-link").click, link)
        link.click()
        self.page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        self.cells.nth(1).wait_for()
        return self.cells

    @property
    def cells(self) -> Any:
        """The cells of the notebook that is shown."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell")

    def write(self, number: int, text: str) -> None:
        """Write something else into a cell of code."""
        self.cells.nth(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def run(self, number: int) -> str:
        """Run a cell; gives what stands below it."""
        cell = self.cells.nth(number)
        cell.locator(".cm-content").click()
        before = cell.locator(".jp-InputPrompt").inner_text()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            "([cell, before]) => !['[*]:', before].includes(cell.querySelector('.jp-InputPrompt').innerText)",
            arg=[cell.element_handle(), before],
        )
        # The number comes with the kernel's answer, and what it has written may come after that.
        self.page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        return str(cell.locator(".jp-Cell-outputWrapper").inner_text())

    def add(self, number: int, text: str) -> None:
        """Add a cell of code below another."""
        self.cells.nth(number).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("b")
        self.write(number + 1, text)

    def save(self) -> None:
        """Save the notebook."""
        self.page.keyboard.press("Control+s")
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current:not(.jp-mod-dirty)").wait_for()

    def write_text(self, number: int, text: str) -> None:
        """Write something else into a cell of text."""
        self.cells.nth(number).locator(".jp-RenderedMarkdown").dblclick()
        self.write(number, text)
        self.page.keyboard.press("Control+Enter")

    def show_tab(self, name: str) -> None:
        """Go to another tab of JupyterLab."""
        self.page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=name).click()

    def submit(self, assignment: str, number: int = 1) -> None:
        """Hand in what was fetched, for the time that ``number`` says."""
        self._row("fetched", assignment).get_by_role("button", name="Submit").click()
        self._row("submitted", assignment).locator(".nested_list_item").nth(number - 1).wait_for()

    def fetch_feedback(self, assignment: str) -> None:
        """Fetch the feedback on what was handed in."""
        row = self._row("submitted", assignment)
        row.get_by_role("button", name="Fetch Feedback").click()
        row.get_by_text("view feedback").first.wait_for()

    def read_feedback(self, assignment: str) -> str:
        """Open the page that was fetched; gives its text."""
        self._row("submitted", assignment).get_by_text("view feedback").first.click()
        viewer = self.page.locator(".jp-HTMLViewer iframe")
        self.repeat(self.page.locator(".jp-DirListing-item", has_text=".html").dblclick, viewer)
        page = self.page.frame_locator(".jp-HTMLViewer iframe")
        # A frame has a body, an empty one, before it has its page. Two templates of nbgrader's use this name.
        page.locator("#notebook").first.wait_for()
        return str(page.locator("body").inner_text())


class FormGrader(Window):
    """An instructor's window: the formgrader."""

    def open_formgrader(self) -> None:
        """Show the assignments."""
        self.open("open-formgrader")
        self.row("").first.wait_for()

    @property
    def frame(self) -> Any:
        """The formgrader's own page."""
        self.page.locator("iframe").wait_for()
        return self.page.locator("iframe").element_handle().content_frame()

    def show(self, path: str) -> Any:
        """Go to one of the formgrader's pages."""
        frame = self.frame
        frame.goto(f"/formgrader/{path}")
        frame.wait_for_load_state()
        return frame

    def set_due(self, name: str, when: datetime) -> None:
        """Say until when an assignment is due, to the minute."""
        self.row(name).locator("td.edit a").click()
        dialog = self.frame.locator(".modal.in")
        dialog.locator("input.modal-duedate").fill(f"{when.astimezone(UTC):%Y-%m-%dT%H:%M}")
        dialog.locator("input.modal-timezone").fill("+0000")
        dialog.locator("button.save").click()
        dialog.wait_for(state="detached")

    def row(self, name: str) -> Any:
        """A line of the table that is shown."""
        return self.frame.locator("#main-table tr", has_text=name)

    def press(self, name: str, column: str) -> str:
        """Press what a line has in a column, such as ``release``. Gives what nbgrader says; it must be a success."""
        frame = self.frame
        self.row(name).locator(f"td.{column} a").click()
        dialog = frame.locator(".modal.in")
        dialog.wait_for()
        said = str(dialog.inner_text())
        assert dialog.get_attribute("id") == "success-modal", said
        dialog.locator(".modal-footer button").click()
        dialog.wait_for(state="detached")
        return said

    def grade(self, cell: str, points: str, comment: str) -> None:
        """On the page of a submission: give points to a cell, and write a comment below it."""
        frame = self.frame
        # What is typed before the page knows what is there already would not be saved.
        for place in (f"{cell}_extra_credit", f"{cell}-comment"):
            frame.locator(f"#{place}[placeholder]").wait_for()
        for place, text, part in ((cell, points, "grade"), (f"{cell}-comment", comment, "comment")):
            field = frame.locator(f"#{place}")
            with self.page.expect_response(lambda answer, part=part: _saves(answer, part)) as saving:
                field.fill(text)
                field.blur()
            assert saving.value.ok, saving.value.status

    def go_on(self) -> None:
        """From the page of a submission to the next one's."""
        frame = self.frame
        # The page also changes its own address, to remember which field was used.
        here = frame.url.partition("/submissions/")[2].partition("/")[0]
        frame.locator("li.next a").click()
        frame.wait_for_url(lambda url: here not in url, wait_until="commit")


def _saves(answer: Any, part: str) -> bool:
    return f"/formgrader/api/{part}/" in answer.url and answer.request.method == "PUT"
