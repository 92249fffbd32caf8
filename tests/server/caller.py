"""A program that uses the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from server.account import tokens
from server.account.identity import find_by_login
from server.context import now


def give_token(app: Flask, login: str = "ana", scopes: Any = tokens.SCOPES, ago: timedelta = timedelta()) -> str:
    """A token for an account, for 7 days, made so long ago."""
    with app.extensions["portal"].database.write() as session:
        return tokens.make_token(session, find_by_login(session, login), "a program", scopes, 7, now() - ago)


def problem(answer: TestResponse, status: int, kind: str) -> Any:
    """The problem that an answer must be."""
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    found = answer.json
    assert found["status"] == status
    assert found["type"].endswith(f"#problem-{kind}")
    assert found["title"]
    assert found["detail"]
    return found


class Caller:
    """Sends requests with a token, or without one."""

    def __init__(self, app: Flask, token: str = "", language: str = "en") -> None:
        self.client = app.test_client()
        self.headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {token}"} if token else {})

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers | headers, buffered=True)

    def read(self, path: str) -> Any:
        """What is there, as JSON."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path: str, key: str = "", **body: Any) -> TestResponse:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(f"/api/v1{path}", headers=headers, **body)

    def send(self, method: str, path: str, status: int = 200, **body: Any) -> Any:
        """What is answered, as JSON; ``body`` is sent as JSON."""
        answer = self.client.open(f"/api/v1{path}", method=method, headers=self.headers, json=body or None)
        assert answer.status_code == status, answer.text
        return answer.json if answer.data else None

    def refused(self, method: str, path: str, status: int, kind: str, **body: Any) -> Any:
        """The problem that is answered."""
        answer = self.client.open(f"/api/v1{path}", method=method, headers=self.headers, json=body or None)
        return problem(answer, status, kind)

    def hand_in(self, slug: str = "softmax", code: str = "x = 1\n", key: str = "") -> TestResponse:
        return self.post(f"/exercises/{slug}/submissions", key, json={"code": code})
