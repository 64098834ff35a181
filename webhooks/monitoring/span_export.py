"""Send spans by OTLP over HTTP, from each process for itself, and lose them rather than wait."""

import logging
import os
import time
from collections.abc import Sequence
from math import inf
from multiprocessing.util import Finalize
from threading import Lock
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import Tracer

from webhooks import conf

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS: Final = 2.0
"""The longest that sending takes once. A process that ends sends on for as long, twice at most."""

THEIR_LOGGER: Final = "opentelemetry"
"""Silenced: it tells of each batch that is not taken, and of each span that is lost."""

SERVICE: Final = "payments"
"""The service's name, where `OTEL_SERVICE_NAME` says none."""


class Exporter(SpanExporter):
    """Sends spans, and logs when nobody takes them any more, and when somebody does again."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.is_taken = True
        self.ends_at = inf
        self.sender = OTLPSpanExporter(endpoint=address, timeout=TIMEOUT_SECONDS)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; those that nobody takes are lost."""
        if time.monotonic() > self.ends_at:
            return SpanExportResult.FAILURE
        result = self.sender.export(spans)
        is_taken = result is SpanExportResult.SUCCESS
        if is_taken is not self.is_taken:
            self.is_taken = is_taken
            if is_taken:
                logger.info("traces are taken again by %s", self.address)
            else:
                logger.warning("traces are lost, as %s does not take them", self.address)
        return result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self.sender.shutdown()


class _Process:
    """What sends this process's spans: nothing before the first, and anew in a forked child."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.lock = Lock()
        self.exporter: Exporter | None = None
        self.provider: TracerProvider | None = None
        self.tracer: Tracer | None = None


_process: Final = _Process()
# A child would wait for a thread that sends spans in its parent alone.
os.register_at_fork(after_in_child=_process.forget)


def tracer(ids: IdGenerator) -> Tracer:
    """Return what makes this process's spans, started when it is first asked for."""
    with _process.lock:
        if _process.tracer is None:
            logging.getLogger(THEIR_LOGGER).setLevel(logging.CRITICAL)
            resource = Resource.create({"service.name": SERVICE})
            _process.provider = TracerProvider(
                resource=resource.merge(OTELResourceDetector().detect()),
                id_generator=ids,
                shutdown_on_exit=False,
            )
            address = f"{conf.traces_endpoint().rstrip('/')}/v1/traces"
            _process.exporter = Exporter(address)
            _process.provider.add_span_processor(BatchSpanProcessor(_process.exporter))
            _process.tracer = _process.provider.get_tracer("webhooks")
            # Unlike `atexit`, this is heard in the children of multiprocessing, as granian's are.
            Finalize(None, stop, exitpriority=0)
        return _process.tracer


def stop() -> None:
    """Send what was not sent yet; what nobody takes in `TIMEOUT_SECONDS` is lost."""
    with _process.lock:
        exporter, ended = _process.exporter, _process.provider
        _process.exporter = _process.provider = _process.tracer = None
    if exporter and ended:
        exporter.ends_at = time.monotonic() + TIMEOUT_SECONDS
        ended.shutdown()
