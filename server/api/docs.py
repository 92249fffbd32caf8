"""The documentation of the API for people: made of the description, on the server, without a script."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import current_app, render_template, request

from server.access import API_SCOPES, Audience, open_to
from server.account.tokens import PREFIX
from server.api import openapi, problem
from server.api.operation import JSON, MULTIPART, NBGRADER, TAGS, Operation, bp
from server.api.problem import MEDIA_TYPE
from server.context import _, language, parts
from server.i18n import mark

SCOPES = {
    None: mark("Nobody needs a token. With one, the answer says where you stand."),
    "": mark("Needs a token; any will do."),
    "read": mark("Needs a token with the scope read."),
    "submit": mark("Needs a token with the scope submit."),
    "teach": mark("Needs a token with the scope teach, which staff of courses can make."),
    "administer": mark("Needs a token with the scope administer, which administrators can make."),
}
#: whose account the token must be
ROLES = {
    Audience.API_MEMBER: mark("For everybody in the course."),
    Audience.API_MEMBER_SUBMIT: mark("For everybody in the course."),
    Audience.API_STAFF: mark("For assistants and instructors of the course."),
    Audience.API_TEACHER: mark("For instructors of the course."),
    Audience.API_CREATOR: mark("For instructors and administrators of the portal."),
}

TERMINAL = """\
gradiente login %s
gradiente submit sigmoid sigmoid.py
gradiente status"""

#: what stands for a part of a path in the examples
EXAMPLES = {
    "slug": "sigmoid", "id": "Zk3r…", "course": "deep-learning-2026-2", "login": "ana", "remark": "7", "request": "7",
    "regrade": "7", "announcement": "7", "invitation": "7", "assignment": "ps1",
}  # fmt: skip


#: headers that requests should have
HEADERS = {"Idempotency-Key": "$(uuidgen)"}


@dataclass(frozen=True)
class Field:
    """One line of a table: a parameter, or a field of an object."""

    name: str
    kind: str
    text: str
    #: the component that it holds; empty: none
    target: str = ""
    required: bool = False


@dataclass(frozen=True)
class Section:
    """One operation, as the page shows it."""

    anchor: str
    method: str
    path: str
    summary: str
    who: str
    parameters: list[Field]
    bodies: dict[str, list[Field]]
    #: status -> what it says, and the component that it holds
    answers: list[Field]
    example: str


@bp.get("/docs")
@open_to(Audience.API)
def docs() -> str:
    """Show the documentation."""
    document = openapi.describe(current_app)
    return render_template(
        "api.html",
        groups=[(_(tag), _sections(tag, document)) for tag in TAGS],
        schemas={name: _object(schema) for name, schema in sorted(document["components"]["schemas"].items())},
        choices=_choices(document),
        problems=problem.KINDS,
        problem_type=MEDIA_TYPE,
        root=_root(),
        terminal=TERMINAL % _root().removesuffix(bp.url_prefix or ""),
        prefix=PREFIX,
        version=openapi.VERSION,
        per_minute=parts().settings.api_per_minute,
    )


def _sections(tag: str, document: dict[str, Any]) -> list[Section]:
    declared = openapi.operations(current_app)
    return [_section(name, each, document) for name, each in declared.items() if each.tag == tag]


def _root() -> str:
    public = parts().settings.public_url.rstrip("/") or request.host_url.rstrip("/")
    return f"{public}{bp.url_prefix}"


def _section(name: str, operation: Operation, document: dict[str, Any]) -> Section:
    path = operation.path.replace("<", "{").replace(">", "}")
    found = document["paths"][path][operation.method.lower()]
    content = found.get("requestBody", {}).get("content", {})
    return Section(
        anchor=name.replace("_", "-"),
        method=operation.method,
        path=path,
        summary=found["summary"],
        who=_who(operation.audience),
        parameters=[_field(each["name"], each["schema"], each, each["required"]) for each in found["parameters"]],
        bodies={media: _object(_resolve(each["schema"], document)) for media, each in content.items()},
        answers=[_answer(status, each) for status, each in sorted(found["responses"].items())],
        example=_example(operation),
    )


def _who(audience: Audience) -> str:
    scope = _(SCOPES[API_SCOPES[audience]])
    return f"{_(ROLES[audience])} {scope}" if audience in ROLES else scope


def _resolve(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][_target(schema)] if "$ref" in schema else schema
    return found


def _object(schema: dict[str, Any]) -> list[Field]:
    required = schema.get("required", [])
    return [_field(name, each, each, name in required) for name, each in schema.get("properties", {}).items()]


def _choices(document: dict[str, Any]) -> dict[str, list[str]]:
    schemas = document["components"]["schemas"]
    return {name: schema["enum"] for name, schema in schemas.items() if "enum" in schema}


def _field(name: str, schema: dict[str, Any], about: dict[str, Any], required: bool = False) -> Field:
    return Field(name, kind_of(schema), about.get("description", ""), _target(schema), required)


def _target(schema: dict[str, Any]) -> str:
    """The component that a schema holds, whatever it is wrapped in; empty: none."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    inner = [*schema.get("anyOf", []), *schema.get("allOf", []), *[schema[key] for key in ("items",) if key in schema]]
    return next((found for each in inner if (found := _target(each))), "")


def kind_of(schema: dict[str, Any]) -> str:
    """A schema in a few words, as programmers write types."""
    if "$ref" in schema:
        return _target(schema)
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    for key in ("anyOf", "allOf"):
        if key in schema:
            return " | ".join(kind_of(each) for each in schema[key])
    if schema.get("type") == "array":
        inner = schema.get("items")
        return f"array<{kind_of(inner)}>" if isinstance(inner, dict) else "array"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object<{kind_of(schema['additionalProperties'])}>"
    detail = schema.get("format") or schema.get("contentEncoding")
    return f"{schema.get('type', '')} ({detail})" if detail else str(schema.get("type", ""))


def _answer(status: str, answer: dict[str, Any]) -> Field:
    if "content" not in answer:
        return Field(status, "", answer["description"])
    media, content = next(iter(answer["content"].items()))
    schema = content.get("schema", {})
    kind = media if media not in (JSON, MEDIA_TYPE) else kind_of(schema)
    return Field(status, kind, answer["description"], _target(schema))


def _example(operation: Operation) -> str:
    """A command that does it."""
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"<{name}>", EXAMPLES[name])
    method = "" if operation.is_safe or (operation.method == "POST" and operation.bodies) else f"-X {operation.method} "
    lines = [f"curl {method}{_root()}{path}"]
    if API_SCOPES[operation.audience] is not None:
        lines.append('-H "Authorization: Bearer $GRADIENTE_TOKEN"')
    names = [each.encode_name for each in msgspec.structs.fields(operation.headers)] if operation.headers else []
    lines += [f'-H "{name}: {HEADERS[name]}"' for name in names if name in HEADERS]
    if MULTIPART in operation.bodies:
        lines.append("-F file=@ps1.zip" if operation.tag == NBGRADER else f"-F file=@{EXAMPLES['slug']}.py")
    elif JSON in operation.bodies:
        lines += [f'-H "Content-Type: {JSON}"', "-d @values.json"]
    if operation.answers[0].media != JSON:
        lines.append("-OJ")
    lines.append(f'-H "Accept-Language: {language().tag}"')
    return " \\\n  ".join(lines)
