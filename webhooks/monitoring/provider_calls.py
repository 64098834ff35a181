"""The one seam around every call to a provider: each is a line of the log, and counted."""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from webhooks.monitoring import metrics, traces
from webhooks.monitoring.log_lines import Line

logger = logging.getLogger(__name__)

OK: Final = "ok"
NO_ANSWER: Final = "no_answer"
NOT_FOUND: Final = "not_found"

# An id as providers make them: nothing that could name somebody, or be a secret with marks in it.
_ID: Final = re.compile(r"[A-Za-z]{2,}_[A-Za-z0-9_]{1,250}")


@dataclass(slots=True)
class ProviderCall:
    """A call under way; whoever makes it sets what the answer tells."""

    object_id: str = ""
    status: int = 0
    """The HTTP status of the answer; 0 without one."""


@contextmanager
def calling(provider: str, operation: str, object_id: str = "") -> Iterator[ProviderCall]:
    """Observe a call to a provider, made meanwhile: log it, and count it with its time.

    `operation` is one of few names, and never holds an id: it is a label of a metric. An error's
    status is its `http_status`, as of Stripe's client, and 0 where no answer came.
    """
    call = ProviderCall(object_id)
    started = time.perf_counter()
    outcome = OK
    with traces.calling(provider, operation):
        try:
            yield call
        except Exception as error:
            call.status = getattr(error, "http_status", None) or 0
            outcome = _failure(call.status)
            raise
        finally:
            _tell(call, provider, operation, outcome, time.perf_counter() - started)


def _tell(call: ProviderCall, provider: str, operation: str, outcome: str, seconds: float) -> None:
    metrics.PROVIDER_CALLS.labels(provider, operation, outcome).observe(seconds)
    line = Line(
        "provider_call",
        outcome=outcome,
        provider=provider,
        operation=operation,
        object_id=call.object_id if _ID.fullmatch(call.object_id) else "",
        status=call.status,
        ms=round(seconds * 1000, 2),
    )
    is_error = outcome not in (OK, NOT_FOUND)
    logger.log(logging.WARNING if is_error else logging.INFO, line)
    traces.annotate(line, is_error=is_error)


def _failure(status: int) -> str:
    """Return the outcome of a call that failed with this status."""
    if not status:
        return NO_ANSWER
    named = {404: NOT_FOUND, 429: "rate_limited"}
    return named.get(status, "refused" if status < 500 else "failed")
