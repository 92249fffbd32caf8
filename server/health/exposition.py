"""The numbers of a process, as Prometheus reads them: what it has counted, and what is looked up when asked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from server.health.metrics import Metrics
from server.health.processes import VARIABLE, reading

if TYPE_CHECKING:
    from grader.pool import Grader  # it needs torch, which a portal does without

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Exposition:
    """Everything that one process has to tell."""

    def __init__(self, metrics: Metrics, collectors: Sequence[Collector] = ()) -> None:
        self._metrics = metrics
        self._collectors = [Build(), *collectors]

    def add(self, collector: Collector) -> None:
        """Have it asked, too."""
        self._collectors.append(collector)

    def write(self) -> bytes:
        """The text of a scrape. Of the processes of one portal, all that they have counted together."""
        registry = CollectorRegistry()
        with reading():
            return self._write(registry)

    def _write(self, registry: CollectorRegistry) -> bytes:
        if os.environ.get(VARIABLE):
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(self._metrics.registry)
            ProcessCollector(registry=registry)
        for collector in self._collectors:
            registry.register(collector)
        return generate_latest(registry)


class Build(Collector):
    """Which version it is."""

    def collect(self) -> Iterable[Metric]:
        """One series whose label tells it."""
        try:
            name = version("gradiente")
        except PackageNotFoundError:
            name = "unknown"
        family = GaugeMetricFamily("gradiente_build_info", "1, with the version as a label.", labels=["version"])
        family.add_metric([name], 1)
        return [family]


class Disk(Collector):
    """The file system that what was handed in is kept on."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """How large it is, and how much is left."""
        try:
            usage = shutil.disk_usage(self._folder)
        except OSError:
            return
        yield GaugeMetricFamily("gradiente_disk_bytes", "Size of the data directory's file system.", usage.total)
        yield GaugeMetricFamily("gradiente_disk_free_bytes", "What is free of it.", usage.free)


class Warm(Collector):
    """The warm processes of a grader."""

    def __init__(self, grader: Grader) -> None:
        self._grader = grader

    def collect(self) -> Iterable[Metric]:
        """Which of them are there."""
        warmth = self._grader.warmth()
        parents = GaugeMetricFamily("gradiente_warm_parents", "Whether a warm parent is there.", labels=["parent"])
        for name, is_there in warmth.parents.items():
            parents.add_metric([name], float(is_there))
        yield parents
        yield GaugeMetricFamily("gradiente_keepers", "Exercises whose tests are kept collected.", warmth.keepers)
