"""Checks a ladder as authors write it: metrics with their points. What points a metric gets is the shared conftest's.

``exercises/conftest.py`` has the arithmetic (``Ladder``), because students check themselves without Gradiente.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from grader.report import Text

#: A metric and the points that it is worth.
Rung = tuple[float, float]


def find_fault(ladder: Sequence[Rung]) -> Text | None:
    """Say what is wrong with a ladder; None: nothing."""
    if not ladder:
        return _both(
            "ladder has no rung; write at least one, such as [[0.9, 2]]",
            "ladder não tem degrau; escreva ao menos um, como [[0.9, 2]]",
        )
    if not all(math.isfinite(number) for rung in ladder for number in rung):
        return _both("ladder has a number that is not finite", "ladder tem um número que não é finito")
    points = [rung[1] for rung in ladder]
    if points[0] <= 0 or any(later <= earlier for earlier, later in pairwise(points)):
        return _both(
            f"the points of ladder must rise from rung to rung, from above 0; found {_list(points)}",
            f"os pontos de ladder devem subir de degrau em degrau, acima de 0; encontrados: {_list(points)}",
        )
    metrics = [rung[0] for rung in ladder]
    if len(set(metrics)) < len(metrics) or sorted(metrics) not in (metrics, metrics[::-1]):
        return _both(
            f"the metrics of ladder must all rise, or all fall where less is better; found {_list(metrics)}",
            f"as métricas de ladder devem só subir, ou só cair onde menos é melhor; encontradas: {_list(metrics)}",
        )
    return None


def is_falling(ladder: Sequence[Rung]) -> bool:
    """Whether less is better."""
    return ladder[0][0] > ladder[-1][0]


def lead(ladder: Sequence[Rung], value: float) -> float:
    """How much better a value is than the last rung asks for; negative where it is worse."""
    top = ladder[-1][0]
    return top - value if is_falling(ladder) else value - top


def _both(english: str, portuguese: str) -> Text:
    return {"en": english, "pt-BR": portuguese}


def _list(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
