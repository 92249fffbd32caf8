"""Zip archives that come and go: looked through when they come, sent from any byte on when they go."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Annotated, NoReturn

import msgspec
from flask import Response, current_app, request
from msgspec import UNSET, UnsetType

from grader.errors import SubmissionError
from server.api import problem
from server.api.meta import about
from server.api.operation import Answer, UploadedFile
from server.api.submissions import SubmitHeaders
from server.context import _, language, parts
from server.exchange import content
from server.exchange.content import Content, TooLarge
from server.exchange.refusal import GONE, NOT_THE_SAME, Refused
from server.i18n import mark
from server.store import StoreError

ZIP = "application/zip"
NOT_KEPT = mark("The portal could not keep it. It was not received. Try again in a moment.")

Digest = Annotated[str, about("SHA-256 of the archive, to check what has arrived.", pattern="^[0-9a-f]{64}$")]


class ArchiveForm(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An archive, in a form."""

    file: Annotated[UploadedFile, about("The archive (.zip).")]
    sha256: Digest | UnsetType = UNSET


class Archive(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An archive, in JSON."""

    content_base64: Annotated[bytes, about("The archive (.zip) in Base64.")]
    sha256: Digest | UnsetType = UNSET


#: answers with an archive: all of it, or from some byte on
SENT = (
    Answer(mark("The archive. Its ETag is its SHA-256."), media=ZIP, headers={"ETag": mark("The archive's SHA-256.")}),
    Answer(mark("A part of it, as a header Range has asked for."), media=ZIP, status=206),
)


def receive(body: Archive | ArchiveForm) -> Content:
    """Look through what was sent, and refuse what is no archive that can be unpacked without harm."""
    field, raw = (
        ("file", body.file.content) if isinstance(body, ArchiveForm) else ("content_base64", body.content_base64)
    )
    try:
        found = content.read(raw, parts().settings.max_upload)
    except TooLarge as error:
        problem.refuse("too_large", language().pick(error.text))
    except SubmissionError as error:
        text = language().pick(error.text)
        problem.refuse("invalid", text, errors={field: text})
    if body.sha256 is not UNSET and body.sha256 != found.digest:
        problem.refuse("invalid", _(NOT_THE_SAME), errors={"sha256": _(NOT_THE_SAME)})
    return found


def key_of(headers: SubmitHeaders) -> str:
    """The caller's key for this request, or a new one."""
    return secrets.token_urlsafe(16) if headers.idempotency_key is UNSET else headers.idempotency_key


def refuse_key() -> NoReturn:
    """The key was used for something else."""
    problem.refuse("key_reused", errors={"Idempotency-Key": _("Something else has this key.")})


def refuse(refused: Refused, kind: str = "conflict") -> NoReturn:
    """End the request with why it is not done."""
    told = {name: _tell(value) for name, value in refused.values.items()}
    problem.refuse(kind, _(refused.text) % told)


def _tell(value: object) -> object:
    return language().moment(value) if isinstance(value, datetime) else value


def not_kept(error: Exception) -> NoReturn:
    """Disk or database did not take it."""
    current_app.logger.error("an archive could not be kept", exc_info=error)
    problem.refuse("busy", _(NOT_KEPT))


def send(blob: str | None, name: str) -> Response:
    """Send an archive; whoever got a part of it asks for the rest with Range."""
    if blob is None:
        problem.refuse("not_found", _(GONE))
    try:
        found = Response(parts().store.get(blob), content_type=ZIP)
    except StoreError as error:
        current_app.logger.error("%s", error)
        problem.refuse("busy")
    found.set_etag(blob)
    found.headers.set("Content-Disposition", "attachment", filename=f"{name}.zip")
    found.make_conditional(request, accept_ranges=True, complete_length=found.content_length)
    return found
