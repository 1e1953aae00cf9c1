"""Spans of a run for a collector of OpenTelemetry. The only importer of its library, which is the extra `otel`.

A path is sent: its ids open nothing without the key. A query and a message are not: they may quote names and bodies.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Thread

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reconciler import __version__
from reconciler.output.events import clean
from reconciler.output.terminal import write_stderr
from reconciler.threads import Fields, listen

SECONDS = 2.0  # the longest wait for the collector at the end of a run
OURS = {"action", "address", "command", "environment", "id", "stage", "status"}
STANDARD = {"error.type", "http.request.method", "http.response.status_code", "process.exit.code", "server.address"}
SENT = {name: f"reconciler.{name}" for name in OURS} | {name: name for name in STANDARD | {"url.path"}}
"""What is said of a span. A field that is new in the JSON log is not sent before it stands here."""


class _Exporter(OTLPSpanExporter):
    lost = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.lost += 1  # also if it raises
        self.lost -= (result := super().export(spans)) is SpanExportResult.SUCCESS
        return result


@contextmanager
def send_spans() -> Iterator[None]:
    """Sends a span for the run, each environment, stage, change and request of the block, as a child of TRACEPARENT."""
    resource = Resource.create({"service.name": "reconciler", "service.version": __version__})
    provider = TracerProvider(resource=resource.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter := _Exporter()))
    start = provider.get_tracer("reconciler", __version__).start_as_current_span
    parent = TraceContextTextMapPropagator().extract({name.lower(): each for name, each in os.environ.items()})

    @contextmanager
    def show(name: str, fields: Fields) -> Iterator[None]:
        known = [fields[each] for each in ("command", "stage", "action") if fields.get(each)]
        title = fields["http.request.method"] if name == "request" else " ".join([name, *known])
        kind = SpanKind.CLIENT if name == "request" else SpanKind.INTERNAL
        above = parent if name == "run" else None
        with start(title, above, kind, record_exception=False, set_status_on_exception=False) as span:
            try:
                yield
            finally:
                span.set_attributes({SENT[key]: each for key, each in clean(fields).items() if key in SENT})
                span.set_status(StatusCode.ERROR if "error.type" in fields else StatusCode.UNSET)

    try:
        with listen(show):
            yield
    finally:
        (sending := Thread(target=provider.shutdown, daemon=True)).start()
        is_late = True
        with suppress(KeyboardInterrupt):  # once more: then nobody waits, and the exit code stays
            sending.join(SECONDS)
            is_late = sending.is_alive()  # which is wrong after an interrupted join
        if is_late or exporter.lost:
            write_stderr("warning: the OpenTelemetry collector did not take all spans of this run")
