"""Changes that are only made to what the caller has seen: ETag and If-Match (RFC 9110)."""

from __future__ import annotations

from typing import Annotated

import msgspec
from flask import request
from msgspec import UNSET, UnsetType

from server.api import problem
from server.api.meta import about
from server.i18n import mark

#: of answers that tell it
ETAG = {"ETag": mark("Stands for what can be changed here. Send it as If-Match, and nobody's change is overwritten.")}


class Matching(msgspec.Struct, rename={"if_match": "If-Match"}):
    """What keeps a change from overwriting another one."""

    if_match: (
        Annotated[
            str,
            about("The ETag of what the change was made from. When that has changed since, nothing is done (412)."),
        ]
        | UnsetType
    ) = UNSET


def tagged(version: str) -> dict[str, str]:
    """The header that tells a version."""
    return {"ETag": f'"{version}"'}


def check_match(version: str) -> None:
    """Refuse to change what is no longer what the caller has seen. Within the transaction that changes it."""
    # Read by the library: there may be several, or a star. What it cannot read names nothing that is there.
    if "If-Match" in request.headers and not request.if_match.contains(version):
        problem.refuse("changed", headers=tagged(version))
