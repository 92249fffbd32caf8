"""The description of the API and the page that is made of it."""

import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.api import openapi, problem
from tests.server.caller import Caller


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_the_description_is_openapi(app, lang):
    document = Caller(app).read(f"/openapi.json?lang={lang}")
    assert [str(error) for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_every_route_is_described_with_its_parameters_and_problems(app):
    document = Caller(app).read("/openapi.json")

    described = {
        (method.upper(), document["servers"][0]["url"] + path)
        for path, methods in document["paths"].items()
        for method in methods
    }
    routes = {
        (method, re.sub("<([^>]+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    assert routes - described == {("GET", "/api/v1/docs")}
    assert described <= routes
    submit = document["paths"]["/exercises/{slug}/submissions"]["post"]
    assert [each["name"] for each in submit["parameters"]] == ["slug", "lang", "Idempotency-Key"]
    assert set(submit["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert {"201", "200", "401", "403", "404", "409", "413", "415", "422", "429"} <= set(submit["responses"])


def test_everything_in_the_description_is_explained_in_both_languages(app):
    def texts(value):
        if isinstance(value, dict):
            for key, each in value.items():
                yield from [each] if key == "description" and isinstance(each, str) else texts(each)
        elif isinstance(value, list):
            for each in value:
                yield from texts(each)

    english, portuguese = (
        list(
            texts({key: each for key, each in Caller(app).read(f"/openapi.json?lang={lang}").items() if key == "paths"})
        )
        for lang in ("en", "pt-BR")
    )
    assert len(english) == len(portuguese) > 50
    assert [text for text in english if text in portuguese] == []


@pytest.mark.parametrize("lang", ["en", "pt-BR"])
def test_the_page_holds_every_operation_object_and_problem(app, lang):
    page = Caller(app, language=lang).get("/docs")

    assert page.mimetype == "text/html"
    ids = set(re.findall(r'id="([^"]+)"', page.text))
    assert {f"problem-{key}" for key in problem.KINDS} <= ids
    with app.test_request_context("/"):
        assert {f"schema-{name}" for name in openapi.describe(app)["components"]["schemas"]} <= ids
        assert {name.replace("_", "-") for name in openapi.operations(app)} <= ids
    targets = set(re.findall(r'href="#([^"]+)"', page.text))
    assert targets - ids == set()
    assert re.findall(r"<style|<script(?! src=\"/static/)|\sstyle=|\son[a-z]+=|javascript:", page.text) == []
    assert page.text.count("curl ") == len(openapi.operations(app))


def test_the_page_is_in_the_language_of_the_other_pages(student):
    student.send("/language", language="pt-BR")

    assert "API para programas" in student.read("/api/v1/docs")
    assert 'href="/api/v1/docs"' in student.read("/")
