"""What a report means for the row that it is kept in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grader.report import Report


def columns_of(report: Report, now: datetime) -> dict[str, Any]:
    """The columns of ``Graded`` that follow from a report."""
    return {
        "seed": report.seed,
        "exercise_version": report.exercise_version,
        "score": report.score,
        "max_score": report.max_score,
        "public_score": report.public.score,
        "public_max_score": report.public.max_score,
        "owner": report.owner,
        "report": report.to_store(),
        "fault": None,
        "awaits_gpu_since": now if report.awaits_gpu else None,
    }
