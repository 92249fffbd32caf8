"""The description of the API in OpenAPI 3.1, made of what the routes declare."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from flask import Flask, Response, current_app

from server.access import API_SCOPES, Audience
from server.api.operation import DESCRIPTION, JSON, MULTIPART, PATH, TAGS, Answer, Operation, Query, bp, route, to_json
from server.api.problem import MEDIA_TYPE, Problem
from server.context import _
from server.i18n import mark

VERSION = "1.0.0"

ABOUT = mark(
    "The same rules as the pages of the portal, for programs. Tokens are made on the account's page; errors are "
    "problem details (RFC 9457) in the language of the request."
)
PROBLEMS = {
    400: mark("The body cannot be read."),
    401: mark("A token is needed, or the one that was sent is not valid."),
    403: mark("The token may not do this, or the account may not."),
    404: mark("There is no such thing, or it is not yours."),
    409: mark("As things stand it cannot be done; the detail says why."),
    412: mark("It is no longer what If-Match names; nothing was done."),
    413: mark("The file is too large."),
    415: mark("This kind of content is not taken."),
    416: mark("There are not so many bytes."),
    422: mark("A parameter, a header or a field is not valid."),
    429: mark("Too many requests, or too many submissions that wait. Retry-After says how long to wait."),
    503: mark("The portal is busy."),
}
#: parts of a schema that are read by people
TEXTS = ("description", "summary")


@route(
    Operation(
        "GET",
        "/openapi.json",
        DESCRIPTION,
        mark("Read this description"),
        Audience.API,
        (Answer(mark("The description.")),),
    )
)
def openapi(query: Query) -> Response:
    """Send the description."""
    return to_json(describe(current_app))


def operations(app: Flask) -> dict[str, Operation]:
    """Everything that is declared, by the view's name."""
    found = {}
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation is not None:
            found[rule.endpoint.removeprefix("api.")] = operation
    return found


def describe(app: Flask) -> dict[str, Any]:
    """Write the description, in the reader's language."""
    declared = operations(app)
    paths: dict[str, dict[str, Any]] = {}
    for name, operation in declared.items():
        path = re.sub(r"<(\w+)>", r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(name, operation)
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Gradiente", "version": VERSION, "description": ABOUT},
        "servers": [{"url": bp.url_prefix}],
        "tags": [{"name": _(tag)} for tag in TAGS],
        "paths": paths,
        "components": {"schemas": _schemas(declared.values())[1], "securitySchemes": _security()},
    }
    translated: dict[str, Any] = translate(document)
    return translated


def translate(value: Any) -> Any:
    """Put what people read into their language."""
    if isinstance(value, dict):
        return {
            key: _(each) if key in TEXTS and isinstance(each, str) and each else translate(each)
            for key, each in value.items()
        }
    return [translate(each) for each in value] if isinstance(value, list) else value


def _security() -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": mark("A token of the account's page.")},
        "browser": {
            "type": "apiKey",
            "in": "cookie",
            "name": current_app.config["SESSION_COOKIE_NAME"],
            "description": mark("A browser that is logged in; it may only look."),
        },
    }


def _schemas(declared: Iterable[Operation]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """A schema for each struct, and the components that they refer to."""
    shapes: dict[type, None] = {Problem: None}
    for operation in declared:
        shapes |= {each.shape: None for each in operation.answers if each.shape}
        shapes |= {shape: None for media, shape in operation.bodies.items() if media != MULTIPART}
    return _components(tuple(shapes))


def _components(shapes: tuple[Any, ...]) -> tuple[dict[Any, Any], dict[str, Any]]:
    made, components = msgspec.json.schema_components(shapes, ref_template="#/components/schemas/{name}")
    return dict(zip(shapes, made, strict=True)), components


def _operation(name: str, operation: Operation) -> dict[str, Any]:
    found = {
        "operationId": name,
        "tags": [_(operation.tag)],
        "summary": operation.summary,
        "parameters": [*_path(operation), *_fields(operation.query, "query"), *_fields(operation.headers, "header")],
        "responses": {str(each.status): _answer(each) for each in operation.answers} | _problems(operation),
        "security": _needs(operation),
    }
    if operation.bodies:
        content = {media: {"schema": _body(media, shape)} for media, shape in operation.bodies.items()}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _needs(operation: Operation) -> list[dict[str, list[str]]]:
    scope = API_SCOPES[operation.audience]
    token: dict[str, list[str]] = {"token": [scope] if scope else []}
    if not operation.is_safe:
        return [token]
    return [token, {"browser": []}, *([{}] if scope is None else [])]


def _path(operation: Operation) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": PATH[name].text,
            "schema": {"type": "string", "pattern": PATH[name].pattern},
        }
        for name in operation.parameters
    ]


def _fields(shape: type[msgspec.Struct] | None, where: str) -> list[dict[str, Any]]:
    """The fields of a struct as parameters."""
    if shape is None:
        return []
    made, components = _components((shape,))
    schema = components[made[shape]["$ref"].rpartition("/")[2]]
    found = []
    for name, field in schema["properties"].items():
        inner = _inline({key: value for key, value in field.items() if key != "description"}, components)
        is_required = name in schema.get("required", [])
        entry = {"name": name, "in": where, "required": is_required, "schema": inner}
        found.append(entry | {"description": field["description"]})
    return found


def _inline(field: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without references: its enumerations are short."""
    if "allOf" in field:
        return _inline(field["allOf"][0], components)
    if "$ref" not in field:
        return field
    found = components[field["$ref"].rpartition("/")[2]]
    return {key: value for key, value in found.items() if key not in ("title", "description")}


def _body(media: str, shape: type[msgspec.Struct]) -> dict[str, Any]:
    if media != MULTIPART:
        return {"$ref": f"#/components/schemas/{shape.__name__}"}
    fields = _fields(shape, "form")
    for field in fields:
        if "properties" in field["schema"]:  # a file
            field["schema"] = {"type": "string", "format": "binary"}
    return {
        "type": "object",
        "properties": {each["name"]: each["schema"] | {"description": each["description"]} for each in fields},
        "required": [each["name"] for each in fields if each["required"]],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    if answer.status == 204:
        return {"description": answer.text}
    schema: dict[str, Any] = {"type": "object"} if answer.media == JSON else {}
    if answer.shape:
        schema = {"$ref": f"#/components/schemas/{answer.shape.__name__}"}
    found: dict[str, Any] = {
        "description": answer.text,
        "content": {answer.media: {"schema": schema} if schema else {}},
    }
    if answer.headers:
        found["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in answer.headers.items()
        }
    return found


def _problems(operation: Operation) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": PROBLEMS[status], "content": content} for status in operation.statuses}
