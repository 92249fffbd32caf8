"""What goes wrong, as RFC 9457 writes it: one shape for every error, in the language that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NoReturn

import msgspec
from flask import Response, abort, request, url_for

from server.api.meta import about
from server.context import _, language
from server.i18n import mark

MEDIA_TYPE = "application/problem+json"


class Problem(msgspec.Struct, omit_defaults=True):
    """What went wrong."""

    type: Annotated[str, about("Which problem it is: an address in the documentation.")]
    title: Annotated[str, about("The kind of problem, in a few words.")]
    status: Annotated[int, about("The HTTP status.", ge=400, le=599)]
    detail: Annotated[str, about("What happened, and what to do.")]
    instance: Annotated[str, about("The path that was asked for.")]
    errors: Annotated[dict[str, str], about("What is wrong with each field, parameter or header.")] = {}


@dataclass(frozen=True)
class Kind:
    """A kind of problem."""

    status: int
    title: str
    text: str


KINDS = {
    "unreadable": Kind(400, mark("The request cannot be read"), mark("Send what the documentation describes.")),
    "no_token": Kind(
        401, mark("A token is needed"), mark("Make one on your account's page and send it as Authorization: Bearer …")
    ),
    "bad_token": Kind(
        401,
        mark("The token is not valid"),
        mark("It is unknown, revoked or expired. Make a new one on your account's page."),
    ),
    "forbidden": Kind(
        403, mark("Not for this account"), mark("Your part in the course, or in the portal, does not allow this.")
    ),
    "scope": Kind(
        403, mark("The token may not do this"), mark("Make one on your account's page that may do what this needs.")
    ),
    "not_found": Kind(404, mark("There is nothing here"), mark("The address is wrong, or what it names is not yours.")),
    "method": Kind(405, mark("This method does not work here"), mark("The header Allow names those that do.")),
    "refused": Kind(409, mark("The exercise takes nothing in"), mark("Its terms say when it does.")),
    "conflict": Kind(
        409, mark("It cannot be done as things stand"), mark("Look at how things are now, and decide again.")
    ),
    "changed": Kind(
        412,
        mark("Somebody has changed it in the meantime"),
        mark("Nothing was done. Read how it is now, decide again, and send that ETag as If-Match."),
    ),
    "too_large": Kind(
        413,
        mark("The file is too large"),
        mark("Nothing was received. Send a smaller file: without data sets, trained weights or outputs of cells."),
    ),
    "media_type": Kind(
        415, mark("This kind of content is not taken"), mark("Send application/json or multipart/form-data.")
    ),
    "invalid": Kind(422, mark("The request is not valid"), mark("Mend what is named, and send it again.")),
    "key_reused": Kind(
        422,
        mark("The idempotency key was used for something else"),
        mark("Each submission has its own key; only the repetition of a request has the same."),
    ),
    "too_often": Kind(429, mark("Too many requests"), mark("Wait as long as the header Retry-After says.")),
    "waiting": Kind(
        429, mark("Earlier submissions are still waiting"), mark("Hand in again when one of them is graded.")
    ),
    "ours": Kind(
        500,
        mark("Something went wrong on our side"),
        mark("It is not your fault, and what was confirmed as received is safe. Try again in a moment."),
    ),
    "busy": Kind(
        503,
        mark("The portal is busy"),
        mark("What was confirmed as received is safe; this step was not done. Try again in a moment."),
    ),
}


def answer(
    key: str,
    detail: str = "",
    *,
    status: int | None = None,
    errors: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Write a problem. ``detail`` and ``errors`` are translated already."""
    kind = KINDS[key]
    problem = Problem(
        url_for("api.docs", _anchor=f"problem-{key}"),
        _(kind.title),
        status or kind.status,
        detail or _(kind.text),
        request.path,
        dict(errors or {}),
    )
    found = Response(msgspec.json.encode(problem), problem.status, headers, content_type=MEDIA_TYPE)
    found.headers["Content-Language"] = language().tag
    return found


def answer_status(status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """Write the problem of an HTTP status that was raised somewhere else."""
    usual = "ours" if status >= 500 else "unreadable"
    key = next((key for key, kind in KINDS.items() if kind.status == status), usual)
    return answer(key, detail, status=status, headers=headers)


def refuse(
    key: str,
    detail: str = "",
    *,
    errors: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> NoReturn:
    """End the request with a problem."""
    abort(answer(key, detail, errors=errors, headers=headers))
