"""From a delivery to a recorded event."""

import logging
import time
from dataclasses import replace
from datetime import datetime

from django.db import Error

from webhooks import conf
from webhooks.events import Event
from webhooks.exceptions import (
    EndpointNotConfigured,
    UnknownEndpoint,
)
from webhooks.guards import replay_cache
from webhooks.guards.sender import NOBODY, Sender
from webhooks.intake import secret_rotation
from webhooks.intake.record import record
from webhooks.models import Trigger
from webhooks.monitoring import metrics
from webhooks.privacy import suppression
from webhooks.processing import wakeup
from webhooks.processing.claims import Claim
from webhooks.processing.errors import textless
from webhooks.processing.process import process
from webhooks.providers import PROVIDERS, Headers

logger = logging.getLogger(__name__)


def open_endpoint(slug: str) -> conf.Endpoint:
    """Return the endpoint of this name, able to prove deliveries.

    Raises `UnknownEndpoint` or `EndpointNotConfigured`.
    """
    endpoint = conf.endpoint(slug)
    if endpoint is None:
        raise UnknownEndpoint
    if not endpoint.secrets:
        logger.error("refusing deliveries to %r: %s is not set", slug, endpoint.secrets_setting)
        raise EndpointNotConfigured
    if missing := endpoint.missing(PROVIDERS[endpoint.provider].options):
        logger.error("refusing deliveries to %r: it has no %s", slug, " and no ".join(missing))
        raise EndpointNotConfigured
    return endpoint


def receive_delivery(
    endpoint: conf.Endpoint,
    body: bytes,
    headers: Headers,
    *,
    now: datetime,
    sender: Sender = NOBODY,
) -> bool:
    """Prove a delivery and record its events; process the new ones when that is done here.

    True when it brought anything new. When this returns, every event is committed. Raises
    `Rejected` when nothing was proven or recorded.
    """
    started = time.perf_counter()
    provider = PROVIDERS[endpoint.provider]
    events = provider.verify(
        body, headers, secrets=endpoint.secrets, now=now, options=endpoint.options
    )
    secret_rotation.note(endpoint, events)
    place = conf.processing()
    in_request = place is conf.Processing.REQUEST
    # Each is committed by itself: one that fails leaves those before it recorded, and the
    # provider sends all of them again.
    are_new = [_take_in(event, body, endpoint, in_request, now, sender) for event in events]
    if any(are_new) and place is conf.Processing.CELERY:
        wakeup.wake()
    metrics.delivered(endpoint.slug, time.perf_counter() - started, are_new.count(False))
    # A genuine delivery without events, such as a handshake, is no repetition of one.
    return any(are_new) or not events


def _take_in(
    event: Event,
    body: bytes,
    endpoint: conf.Endpoint,
    in_request: bool,
    now: datetime,
    sender: Sender,
) -> bool:
    """Record an event, and process a new one where that is done here; True if it is new."""
    # Redis answers floods of duplicates; without it the statement that records finds them too.
    with replay_cache.delivery(event) as delivery:
        if not delivery.to_count:
            return False
        row = record(
            event,
            body if event.body is None else event.body,
            endpoint.slug,
            claimed=in_request,
            now=now,
            deliveries=delivery.to_count,
            sender=sender,
        )
        delivery.is_recorded = True
    if row.is_new and row.is_erased:
        _redact_unless_unable(row.pk, event, now)
    if in_request and row.is_new:
        _process_unless_unable(row.pk, event, now)
    return row.is_new


def _redact_unless_unable(pk: int, event: Event, now: datetime) -> None:
    try:
        suppression.redact_late(pk, now=now)
    except Error as error:
        # The event is committed, and processing begins with the same.
        logger.exception("event %s could not be redacted now", event.id, exc_info=textless(error))


def _process_unless_unable(pk: int, event: Event, now: datetime) -> None:
    claim = Claim(pk, attempt=1, trigger=Trigger.DELIVERY)
    try:
        process(claim, now=now, event=replace(event, received_at=now, is_first_attempt=True))
    except Error as error:
        # The event is committed, so the delivery has succeeded: the sweep takes it from here.
        logger.exception(
            "event %s is recorded but could not be processed now",
            event.id,
            exc_info=textless(error),
        )
