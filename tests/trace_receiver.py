"""Somebody who takes traces, by OTLP over HTTP, as a collector would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(slots=True)
class Receiver:
    """What came in: the spans, and the name of each one's service."""

    url: str = ""
    spans: list[Span] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    bodies: list[bytes] = field(default_factory=list)

    def named(self, name: str) -> list[Span]:
        """The spans of this name, in the order in which they began."""
        found = [span for span in self.spans if span.name == name]
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def take(self, body: bytes) -> None:
        """Take what was sent."""
        self.bodies.append(body)
        for sent in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.services.add(str(attributes(sent.resource)["service.name"]))
            for scope in sent.scope_spans:
                self.spans += scope.spans


def attributes(of: Any) -> dict[str, str | int]:
    """The attributes of a span or a resource."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in of.attributes}


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Take traces on loopback meanwhile."""
    receiver = Receiver()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                receiver.take(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    receiver.url = f"http://127.0.0.1:{web.server_port}"
    try:
        yield receiver
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
