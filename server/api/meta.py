"""Describes the parts of requests and answers; ``server.messages`` knows the word, so that they are translated."""

from __future__ import annotations

from typing import Any

from msgspec import Meta


def about(text: str, **limits: Any) -> Meta:
    """Say what a field is, and what it may be."""
    return Meta(description=text, **limits)
