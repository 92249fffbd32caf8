"""Spans of OpenTelemetry, where the extra ``otel`` is installed and the variables ``OTEL_*`` say where to send them.

Portal and workers tell of one submission in one trace without a word between them: its number, and that of its first
span, follow from the submission's id. So nothing is stored, and whoever knows an id finds the trace.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

log = logging.getLogger(__name__)

#: any of these says that there is somewhere to send spans to
_WANTED = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Values = Mapping[str, str | int | float | bool]


def is_wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the standard variables ask for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return False
    return any(environment.get(name) for name in _WANTED)


def numbers_of(submission: str) -> tuple[int, int]:
    """The trace of a submission, and its first span: 16 and 8 bytes of a hash, neither of them 0."""
    digest = hashlib.sha256(f"gradiente submission {submission}".encode()).digest()
    return int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1


class Traces:
    """Tells spans of submissions; without a provider, nothing."""

    def __init__(self, provider: TracerProvider | None = None) -> None:
        """``provider``: as ``make_provider`` makes it."""
        self._provider = provider
        self._tracer = None if provider is None else provider.get_tracer("gradiente")

    @property
    def is_on(self) -> bool:
        """Whether anything is told."""
        return self._tracer is not None

    def tell(
        self,
        name: str,
        submission: str,
        start: float,
        end: float,
        *,
        values: Values,
        is_first: bool = False,
        parent: Any = None,
    ) -> Any:
        """A span from ``start`` to ``end``, in seconds since 1970; returned to be the parent of others.

        ``is_first``: the span that all others of the submission hang from.
        """
        if self._tracer is None:
            return None
        from opentelemetry import trace

        if is_first:
            context = _nothing()
        else:
            context = self._context(submission) if parent is None else trace.set_span_in_context(parent)
        told = {**values, "gradiente.submission": submission}
        token = _numbers.set(numbers_of(submission) if is_first else None)
        try:
            span = self._tracer.start_span(name, context, attributes=told, start_time=_nanoseconds(start))
        finally:
            _numbers.reset(token)
        span.end(_nanoseconds(end))
        return span

    def _context(self, submission: str) -> Context:
        """That of the first span, which another process may have told."""
        from opentelemetry import trace
        from opentelemetry.sdk.trace.sampling import Decision

        assert self._provider is not None
        number, first = numbers_of(submission)
        # Whoever told the first span has drawn the same: samplers decide by the trace's number.
        drawn = self._provider.sampler.should_sample(None, number, "intake")
        is_drawn = drawn.decision is Decision.RECORD_AND_SAMPLE
        flags = trace.TraceFlags(trace.TraceFlags.SAMPLED if is_drawn else trace.TraceFlags.DEFAULT)
        known = trace.SpanContext(number, first, is_remote=True, trace_flags=flags)
        return trace.set_span_in_context(trace.NonRecordingSpan(known), _nothing())


#: of the span that is about to be started, where they are not drawn
_numbers: ContextVar[tuple[int, int] | None] = ContextVar("numbers", default=None)


def set_up(service: str) -> Traces:
    """What this process tells its spans to. ``service``: what it is called where ``OTEL_SERVICE_NAME`` is not set."""
    if not is_wanted():
        return Traces()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        log.warning("OTEL_* variables ask for traces, and %s is missing: pip install 'gradiente[otel]'", error.name)
        return Traces()
    provider = make_provider(service)
    # What was not sent yet is sent at the process's end: the provider sees to it.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)


def make_provider(service: str) -> TracerProvider:
    """A provider whose first spans have the numbers that follow from their submissions."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class Numbers(RandomIdGenerator):
        """Draws, but where a span is to have certain ones."""

        def generate_trace_id(self) -> int:
            wanted = _numbers.get()
            return super().generate_trace_id() if wanted is None else wanted[0]

        def generate_span_id(self) -> int:
            wanted = _numbers.get()
            return super().generate_span_id() if wanted is None else wanted[1]

    name = os.environ.get("OTEL_SERVICE_NAME") or service
    return TracerProvider(resource=Resource.create({SERVICE_NAME: name}), id_generator=Numbers())


def _nothing() -> Context:
    from opentelemetry.context import Context

    return Context()


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
