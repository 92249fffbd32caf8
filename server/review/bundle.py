"""What grades a submission again, elsewhere: the command, and an archive with all that it needs."""

from __future__ import annotations

import io
import json
import re
import shlex
import zipfile
from dataclasses import dataclass

from grader.device.gpu import is_device
from grader.report import Report
from grader.training.known import title_of
from server.i18n import Translator, mark
from server.rules import ENDINGS

MAX_NAME = 80
#: what Windows takes for a device, whatever its ending
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)

README = mark(
    "A submission, to be graded again as it was.\n"
    "\n"
    "Exercise:    %(slug)s\n"
    "Version:     %(version)s\n"
    "Seed:        %(seed)s\n"
    "Device:      %(device)s\n"
    "Data:        %(data)s\n"
    "Handed in:   %(moment)s\n"
    "\n"
    "In this folder, with the exercises in that version:\n"
    "\n"
    "    %(command)s\n"
    "\n"
    "report.json is what was found then. Beware: the file is a student's. Do not run it outside the sandbox.\n"
)


@dataclass(frozen=True)
class Order:
    """What was graded, and how."""

    slug: str
    #: as the student named it
    file_name: str
    seed: str
    device: str
    version: str


def safe_name(raw: str) -> str:
    """A file's name that is harmless in every shell, file system and archive; its ending says what it is."""
    ending = next((each for each in ENDINGS if raw.lower().endswith(each)), "")
    stem = raw[: len(raw) - len(ending)] if ending else raw
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[: MAX_NAME - len(ending)].strip("_-") or "submission"
    return f"{'_' if _DEVICES.match(plain) else ''}{plain}{ending}"


def command(order: Order) -> str:
    """The command that grades it again, with the same random numbers."""
    words = ["gradiente", "grade", order.slug, safe_name(order.file_name)]
    if order.seed:
        words += ["--seed", order.seed]
    if is_device(order.device):
        words += ["--device", order.device]
    return shlex.join([*words, "--json"])


def pack(order: Order, content: bytes, report: Report | None, moment: str, language: Translator) -> bytes:
    """The archive: submission, report, and a text that says what to do."""
    unknown = language.gettext("not known")
    text = language.gettext(README) % {
        "slug": order.slug,
        "version": order.version or unknown,
        "seed": order.seed or unknown,
        "device": order.device or unknown,
        "data": _data(report, language),
        "moment": moment,
        "command": command(order),
    }
    found = report.to_dict(language.tag, staff=True) if report else None
    # Half a surrogate pair, which a student may print, fits into no file.
    written = json.dumps(found, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", text)
        archive.writestr("report.json", written)
        archive.writestr(safe_name(order.file_name), content)
    return packed.getvalue()


def _data(report: Report | None, language: Translator) -> str:
    """The data sets that trainings ran on, and what they stood in for."""
    pairs = dict.fromkeys(pair for test in report.tests for pair in test.datasets.items()) if report else {}
    found = []
    for wanted, used in pairs:
        names = {"wanted": title_of(wanted), "used": title_of(used)}
        stood_in = language.gettext("%(used)s in place of %(wanted)s, which is not installed")
        found.append(names["used"] if wanted == used else stood_in % names)
    return ", ".join(found) or language.gettext("no data set")
