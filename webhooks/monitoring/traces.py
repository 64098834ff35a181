"""Spans of what happens, for whoever takes traces at `OTEL_EXPORTER_OTLP_ENDPOINT`.

Without one nothing is imported, made or sent: each of these costs the look at a setting.
"""

# `webhooks.monitoring.spans` is imported where it is used: what it needs may not be installed.

from contextlib import AbstractContextManager, nullcontext
from typing import Final

from webhooks import conf
from webhooks.monitoring import request_ids
from webhooks.monitoring.log_lines import Line

_OFF: Final[AbstractContextManager[None]] = nullcontext()


def delivering(route: str) -> AbstractContextManager[None]:
    """Have a span around a delivery, by an id that follows from its request's.

    It is sent if somebody tells of it meanwhile (`annotate`): of a flood of refusals few are told.
    """
    if not conf.traces_endpoint():
        return _OFF
    from webhooks.monitoring import spans

    return spans.delivering(route, request_ids.current())


def attempting() -> AbstractContextManager[None]:
    """Have a span around an attempt, linked to that of the delivery that brought the event."""
    if not conf.traces_endpoint():
        return _OFF
    from webhooks.monitoring import spans

    return spans.attempting(request_ids.current())


def handling(name: str) -> AbstractContextManager[None]:
    """Have a span around a handler."""
    if not conf.traces_endpoint():
        return _OFF
    from webhooks.monitoring import spans

    return spans.within(f"handle {name}")


def calling(provider: str, operation: str) -> AbstractContextManager[None]:
    """Have a span around a call to a provider."""
    if not conf.traces_endpoint():
        return _OFF
    from webhooks.monitoring import spans

    return spans.within(f"{provider} {operation}", is_call=True)


def annotate(line: Line, *, is_error: bool = False) -> None:
    """Give the span of now what a line of the log says: each field is an attribute."""
    if conf.traces_endpoint():
        from webhooks.monitoring import spans

        spans.annotate(line.fields, is_error)


def stop() -> None:
    """Send what this process has not sent yet, before it ends; for a few seconds at most."""
    if conf.traces_endpoint():
        from webhooks.monitoring import span_export

        span_export.stop()
