"""Declares the routes of the API. What is declared validates what comes in, and ``openapi`` describes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, Any, Literal, NoReturn, TypeVar

import msgspec
from flask import Blueprint, Response, request
from msgspec import UNSET, UnsetType
from werkzeug.wrappers import Response as BaseResponse

from server.access import API_SCOPES, Audience, open_to
from server.api import ROOT, problem
from server.api.invalid import explain
from server.api.meta import about
from server.context import parts
from server.i18n import mark
from server.security import FORM_SIZE

bp = Blueprint("api", __name__, url_prefix=f"{ROOT}v1")

JSON, MULTIPART = "application/json", "multipart/form-data"

TAGS = (
    mark("Exercises"), mark("Submissions"), mark("Account"), mark("Courses"), mark("People of a course"),
    mark("Assignments"), mark("Gradebook"), mark("Submissions of a course"), mark("Regrades"),
    mark("Analytics and similarity"), mark("nbgrader"), mark("Administration"), mark("Description"),
)  # fmt: skip
(
    EXERCISES, SUBMISSIONS, ACCOUNT, COURSES, PEOPLE, ASSIGNMENTS, GRADEBOOK, COURSEWORK, REGRADES, FIGURES,
    NBGRADER, ADMINISTRATION, DESCRIPTION,
) = TAGS  # fmt: skip

View = TypeVar("View", bound=Callable[..., Any])
S = TypeVar("S", bound=msgspec.Struct)


class Query(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What every request may ask for."""

    lang: (
        Annotated[Literal["en", "pt-BR"], about("Language of texts; otherwise that of the header Accept-Language.")]
        | UnsetType
    ) = UNSET


class UploadedFile(msgspec.Struct):
    """A file in a form."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Parameter:
    """A part of the path. What does not match is not there."""

    pattern: str
    text: str


#: of a path's numbers
NUMBER = "^[1-9][0-9]{0,8}$"
#: of names that are folders on every system
FOLDER = r"^[^\x00-\x20\x7f./\\:*?\"<>|+][^\x00-\x1f\x7f/\\:*?\"<>|+]{0,79}$"

PATH = {
    "slug": Parameter("^[a-z_][a-z0-9_]{0,79}$", mark("The exercise's short name, as in its address.")),
    "id": Parameter("^[A-Za-z0-9_-]{1,32}$", mark("The submission's id.")),
    "course": Parameter("^[a-z0-9-]{1,40}$", mark("The course's code, as in its address.")),
    "login": Parameter("^[a-z0-9][a-z0-9._-]{0,39}$", mark("The user name of whom it is about.")),
    "remark": Parameter(NUMBER, mark("The remark's number.")),
    "request": Parameter(NUMBER, mark("The request's number.")),
    "regrade": Parameter(NUMBER, mark("The regrade's number.")),
    "invitation": Parameter(NUMBER, mark("The invitation's number.")),
    "announcement": Parameter(NUMBER, mark("The announcement's number.")),
    "assignment": Parameter(FOLDER, mark("The assignment's name in nbgrader: that of its folder.")),
}


@dataclass(frozen=True)
class Answer:
    """An answer when all went well."""

    text: str
    #: what the JSON holds; None: it is no JSON; with the status 204 there is nothing at all
    shape: type[msgspec.Struct] | None = None
    media: str = JSON
    status: int = 200
    #: name -> what it says
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One route: what it takes and what it answers."""

    method: str
    path: str
    tag: str
    summary: str
    audience: Audience
    answers: tuple[Answer, ...]
    query: type[Query] = Query
    headers: type[msgspec.Struct] | None = None
    #: by media type
    bodies: Mapping[str, type[msgspec.Struct]] = field(default_factory=dict)
    #: HTTP statuses of problems that only this one has
    problems: tuple[int, ...] = ()

    @property
    def parameters(self) -> list[str]:
        """Names in the path."""
        return re.findall(r"<(\w+)>", self.path)

    @property
    def statuses(self) -> list[int]:
        """HTTP statuses of all problems."""
        found = {401, 422, 429, 503, *self.problems}
        found |= {403} if API_SCOPES[self.audience] else set()
        found |= {404} if self.parameters else set()
        found |= {400, 413, 415} if self.bodies else set()
        return sorted(found)

    @property
    def is_safe(self) -> bool:
        """Whether it only looks, so that a browser's log-in is enough."""
        return self.method == "GET"


def route(operation: Operation) -> Callable[[View], View]:
    """Declare a view. It gets ``query`` and, where the operation has them, ``headers`` and ``body``, all checked."""

    def declare(view: View) -> View:
        @wraps(view)
        def handle(**path: str) -> BaseResponse:
            for name, value in path.items():
                if not re.fullmatch(PATH[name].pattern[1:-1], value):
                    problem.refuse("not_found")
            return _respond(view(**path, **_read(operation)), operation)

        open_to(operation.audience)(handle)
        handle.operation = operation  # type: ignore[attr-defined]
        bp.add_url_rule(operation.path, view.__name__, handle, methods=[operation.method])
        return view

    return declare


def _respond(value: msgspec.Struct | BaseResponse | None, operation: Operation) -> BaseResponse:
    if value is None:
        return Response(status=204)
    return value if isinstance(value, BaseResponse) else to_json(value, operation.answers[0].status)


#: the answer when there is nothing to say but that it was done
DONE = Answer(mark("It is done."), status=204)


def to_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Write an answer."""
    return Response(msgspec.json.encode(value), status, headers, content_type=JSON)


def _read(operation: Operation) -> dict[str, Any]:
    """Check what came in. Raises a problem that names the field."""
    found: dict[str, Any] = {"query": _convert(request.args.to_dict(), operation.query)}
    if operation.headers:
        names = [each.encode_name for each in msgspec.structs.fields(operation.headers)]
        sent = {name: request.headers[name] for name in names if name in request.headers}
        found["headers"] = _convert(sent, operation.headers)
    if operation.bodies:
        found["body"] = _read_body(operation)
    return found


def _convert(values: dict[str, Any], shape: type[S]) -> S:
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        _refuse(error)


def _read_body(operation: Operation) -> msgspec.Struct:
    # In JSON a file takes a third more room.
    request.max_content_length = 2 * parts().settings.max_upload + FORM_SIZE
    shape = operation.bodies.get(request.mimetype)
    if shape is None:
        problem.refuse("media_type", headers={"Accept": ", ".join(operation.bodies)})
    if request.mimetype == MULTIPART:
        files = {name: UploadedFile(file.filename or "", file.read()) for name, file in request.files.items()}
        return _convert({**request.form.to_dict(), **files}, shape)
    try:
        return msgspec.json.decode(request.get_data(), type=shape)
    except msgspec.ValidationError as error:
        _refuse(error)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problem.refuse("unreadable", str(error))


def _refuse(error: msgspec.ValidationError) -> NoReturn:
    field, text = explain(str(error))
    problem.refuse("invalid", errors={field: text})
