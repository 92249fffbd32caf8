"""Packs what the portal keeps about one person into an archive to hand over. Knows no Flask."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from datetime import datetime
from enum import Enum
from typing import IO, Any

from sqlalchemy.orm import Session

from grader.report import LANGUAGES
from server.exchange import keeping
from server.i18n import Translator, mark
from server.models import User
from server.office.person import tell, tell_submissions
from server.store import Store, StoreError

#: what explains the archive, by language
READMES = {"en": "README.txt", "pt-BR": "LEIA-ME.txt"}

README = mark(
    """The data of %(name)s (%(login)s) at Gradiente, as of %(when)s.

account.json        the account
log_ins.json        where it is logged in
institutions.json   accounts of an institution that open it
api_tokens.json     tokens of programs
courses.json        courses in which the person takes part, and as what
extensions.json     other dates and attempts that were granted
results.json        what counts in the courses
log.json            what staff did that concerns the person, and what the person did as staff
submissions/        for each submission its file as it was handed in, and a .json with state, score, report,
                    published review and requests
nbgrader/           what was handed in with nbgrader, and the feedback on it

All moments are in UTC. What the portal does not show students yet, such as points of hidden tests before a deadline,
is not in the reports. Passwords are not kept by the portal, only what they can be checked with; that is left out.
"""
)


def pack(target: IO[bytes], session: Session, store: Store, user: User, now: datetime, language: Translator) -> None:
    """Write the archive."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for tag in LANGUAGES:
            reader = Translator(tag)
            values = {"name": user.name, "login": user.login, "when": reader.moment(now)}
            archive.writestr(READMES[tag], reader.gettext(README) % values)
        for name, values in tell(session, user, now).items():
            archive.writestr(f"{name}.json", _to_json(values))
        for submission, told in tell_submissions(session, user, now, language):
            folder = f"submissions/{submission.slug}-{submission.attempt}"
            archive.writestr(f"{folder}.json", _to_json(told))
            try:
                content = store.get(submission.blob)
            except StoreError:  # deleted because of its age; the rest is still worth having
                continue
            # Its own name was cleaned when it came in: it has no folders.
            archive.writestr(f"{folder}/{submission.file_name}", content)
        _pack_exchange(archive, session, store, user)


def _pack_exchange(archive: zipfile.ZipFile, session: Session, store: Store, user: User) -> None:
    for name, values, contents in keeping.tell(session, user):
        archive.writestr(f"nbgrader/{name}.json", _to_json(values))
        for file_name, blob in contents.items():
            with suppress(StoreError):
                archive.writestr(f"nbgrader/{name}/{file_name}", store.get(blob))


def _to_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, default=_plain).encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    raise TypeError(f"{type(value).__name__} has no place in an export")
