"""Log what becomes of each delivery: accepted, repeated or refused."""

import logging
import time
from typing import Final

from webhooks import conf
from webhooks.events import Event
from webhooks.exceptions import Rejected
from webhooks.guards.admission import IncomingDelivery
from webhooks.guards.sender import printable
from webhooks.monitoring import traces
from webhooks.monitoring.log_lines import Line

logger = logging.getLogger(__name__)

LONGEST_SLUG: Final = 64


def tell_taken(
    endpoint: conf.Endpoint, event: Event | None, *, is_new: bool, started: float
) -> None:
    """Log an event of a delivery; None is a delivery without any, such as a handshake.

    `started` is of `time.perf_counter`.
    """
    line = Line(
        "delivery",
        outcome="accepted" if is_new else "repeated",
        event_id=event.id if event else "",
        type=event.type if event else "",
        endpoint=endpoint.slug,
        provider=endpoint.provider,
        status=200,
        ms=_ms_since(started),
    )
    logger.info(line)
    traces.annotate(line)


def tell_refused(
    refusal: Rejected, delivery: IncomingDelivery, slug: str, *, refusals: int
) -> None:
    """Log a refusal; it stands for so many, itself included, of which no other line tells."""
    endpoint = conf.endpoint(slug)
    line = Line(
        "delivery",
        outcome="refused",
        code=refusal.code,
        # Of an endpoint that is not ours, strangers choose the name.
        endpoint=printable(slug, LONGEST_SLUG),
        provider=endpoint.provider if endpoint else "",
        status=refusal.status_code,
        refusals=refusals,
        ms=_ms_since(delivery.started),
    )
    logger.warning(line)
    traces.annotate(line, is_error=refusal.status_code >= 500)


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 2)
