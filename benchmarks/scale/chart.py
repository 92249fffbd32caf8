"""Line charts as SVG, by hand: what they show is a few curves, and no plotting library is needed for that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 20, 96
COLOURS = ("#00695c", "#c62828", "#1565c0", "#ef6c00", "#6a1b9a")
DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 4")


def draw(curves: Mapping[str, Sequence[tuple[float, float]]], x: str, y: str, mark: float, mark_name: str) -> str:
    """Curves on two logarithmic axes, with a line at ``mark``. Told apart by colour and by dashes."""
    points = [point for curve in curves.values() for point in curve]
    xs, ys = _range([each[0] for each in points]), _range([*(each[1] for each in points), mark])

    def place(point: tuple[float, float]) -> str:
        across = _part(point[0], xs) * (WIDTH - LEFT - RIGHT) + LEFT
        up = HEIGHT - BOTTOM - _part(point[1], ys) * (HEIGHT - TOP - BOTTOM)
        return f"{across:.1f},{up:.1f}"

    style = 'font-family="sans-serif" font-size="12" fill="#333"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" {style}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for value in _ticks(xs):
        across, bottom = place((value, ys[0])).split(",")
        parts.append(f'<path d="M{across},{TOP}V{bottom}" stroke="#e0e0e0"/>')
        parts.append(f'<text x="{across}" y="{float(bottom) + 16}" text-anchor="middle">{_number(value)}</text>')
    for value in _ticks(ys):
        left, up = place((xs[0], value)).split(",")
        parts.append(f'<path d="M{left},{up}H{WIDTH - RIGHT}" stroke="#e0e0e0"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{float(up) + 4}" text-anchor="end">{_number(value)}</text>')
    height = place((xs[0], mark)).split(",")[1]
    parts.append(f'<path d="M{LEFT},{height}H{WIDTH - RIGHT}" stroke="#333" stroke-dasharray="3 3"/>')
    parts.append(f'<text x="{LEFT + 4}" y="{float(height) - 4}">{escape(mark_name)}</text>')
    for number, (name, curve) in enumerate(curves.items()):
        colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
        line = f'fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}"'
        parts.append(f'<polyline points="{" ".join(place(point) for point in sorted(curve))}" {line}/>')
        across, down = LEFT + (number % 2) * 335, HEIGHT - 42 + (number // 2) * 17
        parts.append(f'<path d="M{across},{down - 4}h28" {line}/>')
        parts.append(f'<text x="{across + 34}" y="{down}">{escape(name)}</text>')
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 60}" text-anchor="middle">{escape(x)}</text>')
    parts.append(f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(y)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _range(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)


def _part(value: float, bounds: tuple[float, float]) -> float:
    low, high = (math.log10(bound) for bound in bounds)
    return (math.log10(value) - low) / ((high - low) or 1.0)


def _ticks(bounds: tuple[float, float]) -> list[float]:
    found = [
        step * 10.0**power
        for power in range(math.floor(math.log10(bounds[0])), math.ceil(math.log10(bounds[1])) + 1)
        for step in (1, 2, 5)
    ]
    return [value for value in found if bounds[0] <= value <= bounds[1]]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
