"""System checks of traces: that they can be made, and sent."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.checks import CheckMessage, Error

from webhooks import conf

_NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


def check_traces(**_: Any) -> list[CheckMessage]:
    """Return a problem where traces are wanted and none would come."""
    return [*_check()] if conf.traces_endpoint() else []


def _check() -> Iterator[CheckMessage]:
    if not all(_is_there(name) for name in _NEEDED):
        yield Error(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, and the packages that make and send traces are "
            "not installed.",
            hint="Install them: pip install -r requirements-tracing.txt; or leave "
            "OTEL_EXPORTER_OTLP_ENDPOINT out.",
            id="webhooks.E035",
        )
    if not _is_address(conf.traces_endpoint()):
        # Without the address: it may hold a password.
        yield Error(
            "OTEL_EXPORTER_OTLP_ENDPOINT is no address of HTTP.",
            hint="Write the address without a path, such as http://127.0.0.1:4318.",
            id="webhooks.E036",
        )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
