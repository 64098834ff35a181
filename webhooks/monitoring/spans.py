"""Spans in OpenTelemetry's form. Only imported where traces are on: what it needs is optional."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.semconv.attributes import error_attributes, http_attributes
from opentelemetry.trace import (
    Link,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    get_current_span,
    use_span,
)

from webhooks.exceptions import Unprepared
from webhooks.monitoring import span_export
from webhooks.monitoring.log_lines import Value
from webhooks.monitoring.logs import without_secrets

_NAMES: Final = {"status": http_attributes.HTTP_RESPONSE_STATUS_CODE}
"""Fields of log lines that OpenTelemetry has names for; the others are `webhooks.…`."""

_next_ids: ContextVar[tuple[int, int] | None] = ContextVar("next_ids", default=None)


class _Ids(RandomIdGenerator):
    """Draws ids, except for a delivery, whose own are known from its request's id."""

    def generate_trace_id(self) -> int:
        known = _next_ids.get()
        return known[0] if known else super().generate_trace_id()

    def generate_span_id(self) -> int:
        known = _next_ids.get()
        return known[1] if known else super().generate_span_id()


def ids_of(request_id: str) -> tuple[int, int]:
    """Return the ids of the trace and of the span of the delivery that a request was.

    Both follow from the request's id, which is kept with the event: whoever attempts it knows
    them, in whatever process, and no column needs to keep them.
    """
    digest = hashlib.sha256(b"delivery:" + request_id.encode()).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:24])


@contextmanager
def delivering(route: str, request_id: str) -> Iterator[None]:
    """Have a span around a delivery; what its sender says of traces is not heard."""
    token = _next_ids.set(ids_of(request_id) if request_id else None)
    try:
        span = _tracer().start_span(f"POST {route}", context=Context(), kind=SpanKind.SERVER)
    finally:
        _next_ids.reset(token)
    with use_span(span, record_exception=False, set_status_on_exception=False):
        try:
            yield
        except Exception as error:
            _fail(span, error)
            span.set_attribute(http_attributes.HTTP_RESPONSE_STATUS_CODE, 500)
            raise
        finally:
            # One that is never ended is never sent: nobody told of it.
            if getattr(span, "attributes", None):
                span.set_attribute(http_attributes.HTTP_REQUEST_METHOD, "POST")
                span.set_attribute(http_attributes.HTTP_ROUTE, route)
                span.end()


@contextmanager
def attempting(request_id: str) -> Iterator[None]:
    """Have a span around an attempt, within the delivery's if that is under way here."""
    links = []
    if request_id:
        flags = TraceFlags(TraceFlags.SAMPLED)
        links = [Link(SpanContext(*ids_of(request_id), is_remote=True, trace_flags=flags))]
    with _tracer().start_as_current_span(
        "attempt",
        kind=SpanKind.CONSUMER,
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ):
        yield


@contextmanager
def within(name: str, *, is_call: bool = False) -> Iterator[None]:
    """Have a span around a part of what is done, which names the kind of an error that ends it."""
    kind = SpanKind.CLIENT if is_call else SpanKind.INTERNAL
    with _tracer().start_as_current_span(
        name, kind=kind, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Unprepared:
            raise
        except Exception as error:
            _fail(span, error)
            raise


def annotate(fields: Mapping[str, Value], is_error: bool) -> None:
    """Give the span of now attributes, without what is secret."""
    span = get_current_span()
    if not span.is_recording():
        return
    for name, value in fields.items():
        if value != "" and name != "ms":
            shown = without_secrets(value) if isinstance(value, str) else value
            span.set_attribute(_NAMES.get(name, f"webhooks.{name}"), shown)
    if is_error:
        span.set_status(StatusCode.ERROR)


def _fail(span: Span, error: Exception) -> None:
    # The kind alone: the text may hold anything of a payload.
    span.set_attribute(error_attributes.ERROR_TYPE, type(error).__qualname__)
    span.set_status(StatusCode.ERROR)


def _tracer() -> Tracer:
    return span_export.tracer(_Ids())
