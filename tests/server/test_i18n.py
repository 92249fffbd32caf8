"""Both languages are complete; numbers and moments are written as readers expect."""

import re
from datetime import UTC, datetime

import pytest

from grader.report import LANGUAGES
from server import i18n, messages

OTHERS = [tag for tag in LANGUAGES if tag != "en"]


def texts(catalogue):
    return {message.id: message for message in catalogue if message.id}


@pytest.mark.parametrize("tag", OTHERS)
def test_every_text_is_translated(tag):
    translated = texts(messages.load(tag))
    missing = []
    for key in texts(messages.collect()):
        strings = translated[key].string if key in translated else ""
        if not strings or (isinstance(strings, tuple) and not all(strings)) or translated[key].fuzzy:
            missing.append(key)

    assert missing == [], "run python -m server.messages and translate these"


@pytest.mark.parametrize("tag", OTHERS)
def test_no_translation_is_left_over(tag):
    assert texts(messages.load(tag)).keys() - texts(messages.collect()).keys() == set()


@pytest.mark.parametrize("tag", OTHERS)
def test_translations_keep_the_placeholders(tag):
    for message in texts(messages.load(tag)).values():
        originals = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        for original, string in zip(originals, strings, strict=True):
            assert sorted(re.findall(r"%\(\w+\)s|<\w+>", original)) == sorted(re.findall(r"%\(\w+\)s|<\w+>", string))


def test_templates_hold_no_text_outside_of_translation():
    """What is left of a template without tags, comments and expressions is punctuation."""
    for path in (messages.ROOT / "templates").glob("*.html"):
        text = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", text, flags=re.DOTALL)
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"<[^>]*>", "", text))
        assert [word for word in words if word != "Gradiente"] == [], path.name


@pytest.mark.parametrize(
    ("tag", "number", "size"),
    [("en", "1,234.5", "1.5 MB"), ("pt-BR", "1.234,5", "1,5 MB")],
)
def test_numbers_follow_the_language(tag, number, size):
    translator = i18n.Translator(tag)

    assert translator.number(1234.5) == number
    assert translator.number(2.0) == "2"
    assert translator.size(1_500_000) == size
    assert translator.size(1) == "1 byte"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [("en", "Nov 21, 2026, 12:04:00 AM -0300"), ("pt-BR", "21 de nov. de 2026 00:04:00 BRT")],
)
def test_moments_follow_language_and_zone(tag, expected):
    moment = datetime(2026, 11, 21, 3, 4, tzinfo=UTC)

    assert i18n.Translator(tag, "America/Sao_Paulo").moment(moment).replace("\u202f", " ") == expected


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        (["pt-BR"], "pt-BR"),
        (["pt"], "pt-BR"),
        (["PT_pt"], "pt-BR"),
        (["en-GB", "pt"], "en"),
        (["de", "pt"], "pt-BR"),
        ([None, "", "xx"], "en"),
        ([], "en"),
    ],
)
def test_the_first_language_that_there_is_wins(wishes, expected):
    assert i18n.choose(wishes, "en") == expected
