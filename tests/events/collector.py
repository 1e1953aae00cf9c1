"""A collector of OpenTelemetry on the loopback: it keeps what it gets, and answers as a test says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Span:
    """What a test asks of a span."""

    name: str
    trace: str
    id: str
    parent: str
    state: str
    is_client: bool
    has_failed: bool
    fields: dict[str, Any]
    resource: dict[str, Any]
    text: str


class Collector:
    """`status`: what it answers. It answers as soon as `go_on` is set, which it is at first."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 200
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.asked = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()

    @property
    def spans(self) -> list[Span]:
        """All that came, in the order in which they ended."""
        # Only with the extra: tests without it need this module, too.
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest  # noqa: PLC0415
        from opentelemetry.proto.trace.v1 import trace_pb2  # noqa: PLC0415

        return [
            Span(
                name=span.name,
                trace=span.trace_id.hex(),
                id=span.span_id.hex(),
                parent=span.parent_span_id.hex(),
                state=span.trace_state,
                is_client=span.kind == trace_pb2.Span.SPAN_KIND_CLIENT,
                has_failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
                fields=_values(span.attributes),
                resource=_values(group.resource.attributes),
                text=str(span),
            )
            for body in self.bodies
            for group in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that runs during the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that http.server looks for
            collector.headers.append(dict(self.headers))
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.asked.set()
            collector.go_on.wait()
            collector.bodies.append(body)
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        collector.go_on.set()
        server.shutdown()
        thread.join()
        server.server_close()
