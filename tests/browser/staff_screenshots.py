"""Takes the documentation's pictures of staff's pages: ``python -m tests.browser.staff_screenshots docs/images``."""

from __future__ import annotations

import argparse
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.chromium import launch
from tests.browser.rounds import ABOUT, COURSE, Rounds
from tests.browser.teacher import Teacher
from tests.browser.term import TREE, Term, opened_full

WIDTH = 1280
#: most exercises of the demo's course, each with few solutions
MOST: dict[str, tuple[str, ...]] = {**TREE, "cross_entropy": (), "early_stopping": ()}
#: each picture's page, the part at which it begins, and its height
PICTURES = {
    "gradebook": (f"{COURSE}/gradebook", "main", 800),
    "review": (ABOUT["review"], "main", 880),
    "regrade": (ABOUT["regrade"], "main", 1040),
    "analytics": (ABOUT["analytics-assignment"], "main", 900),
}


def shoot(browser: Any, term: Term, folder: Path, tag: str) -> None:
    """All of them in one language."""
    viewport = {"width": WIDTH, "height": 1000}
    teacher = Teacher(browser, term.address, tag, viewport=viewport, reduced_motion="reduce")
    Rounds(teacher, term).log_in()
    for name, (path, selector, height) in PICTURES.items():
        teacher.page.goto(path.format(**term.places))
        top = teacher.page.locator(selector).bounding_box()["y"]
        clip = {"x": 0, "y": top, "width": WIDTH, "height": height}
        save(teacher.page.screenshot(clip=clip, full_page=True), folder / f"{name}.{tag}.png")
    teacher.context.close()


def save(picture: bytes, path: Path) -> None:
    """Small enough for a page: flat colours need no more than a palette."""
    flat = Image.open(BytesIO(picture)).convert("RGB").quantize(96, dither=Image.Dither.NONE)
    flat.save(path, optimize=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as root, sync_playwright() as playwright:
        browser = launch(playwright)
        with opened_full(Path(root), MOST) as term:
            for tag in ("en", "pt-BR"):
                shoot(browser, term, chosen.folder, tag)
        browser.close()


if __name__ == "__main__":
    main()
