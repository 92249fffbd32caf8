"""Why points were set on the portal, for its history: what people gave in the gradebook."""

from __future__ import annotations

from typing import Any

from grader.nbgrader.export.words import number
from grader.nbgrader.sync.decision import PENALTY, Points
from grader.nbgrader.sync.points import GRADED

#: characters that the portal keeps
MOST = 400

_WORDS = {
    "en": {
        "total": "nbgrader's gradebook: {total} of {most} points.",
        "extra": "{score} and {extra} extra",
        "only_extra": "{extra} extra",
        PENALTY: "late penalty",
        GRADED: "graded in nbgrader",
        "gone": "nbgrader's gradebook no longer has points that were given by hand.",
    },
    "pt-BR": {
        "total": "Gradebook do nbgrader: {total} de {most} pontos.",
        "extra": "{score} e {extra} extra",
        "only_extra": "{extra} extra",
        PENALTY: "desconto por atraso",
        GRADED: "corrigido no nbgrader",
        "gone": "O gradebook do nbgrader não tem mais pontos dados à mão.",
    },
}


def write_reason(points: Points, language: str) -> str:
    """Say what the points are made of."""
    say = _WORDS[language]
    if points.value is None:
        return say["gone"]
    parts = [_part(key, given, language) for key, given in points.hand.items()]
    text = say["total"].format(total=number(points.total, language), most=number(points.most, language))
    text += f" {'; '.join(parts)}."
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


def _part(key: str, given: Any, language: str) -> str:
    say = _WORDS[language]
    if key == GRADED:
        return say[GRADED]
    if key == PENALTY:
        return f"{say[PENALTY]} {number(given, language)}"
    score, extra = (None if each is None else number(each, language) for each in given)
    shape = "{score}" if extra is None else say["only_extra"] if score is None else say["extra"]
    return f"{key.rpartition('/')[2]} {shape.format(score=score, extra=extra)}"
