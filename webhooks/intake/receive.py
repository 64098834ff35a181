"""From a delivery to a recorded event."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.db import Error

from webhooks import conf
from webhooks.events import Event
from webhooks.exceptions import (
    EndpointNotConfigured,
    StorageUnavailable,
    UnknownEndpoint,
)
from webhooks.guards import replay_cache
from webhooks.guards.sender import NOBODY, Sender
from webhooks.intake import answers, secret_rotation
from webhooks.intake.delivery_lines import tell_taken
from webhooks.intake.record import Recorded, record
from webhooks.models import Trigger, WebhookEvent
from webhooks.monitoring import metrics
from webhooks.privacy import suppression
from webhooks.processing import wakeup
from webhooks.processing.claims import Claim
from webhooks.processing.errors import textless
from webhooks.processing.process import process
from webhooks.providers import PROVIDERS, Headers, keys_of

logger = logging.getLogger(__name__)


def open_endpoint(slug: str) -> conf.Endpoint:
    """Return the endpoint of this name, able to prove deliveries.

    Raises `UnknownEndpoint` or `EndpointNotConfigured`.
    """
    endpoint = conf.endpoint(slug)
    if endpoint is None:
        raise UnknownEndpoint
    if missing := endpoint.missing(PROVIDERS[endpoint.provider].options):
        logger.error("refusing deliveries to %r: it has no %s", slug, " and no ".join(missing))
        raise EndpointNotConfigured
    if not keys_of(endpoint):
        logger.error("refusing deliveries to %r: %s is not set", slug, endpoint.secrets_setting)
        raise EndpointNotConfigured
    return endpoint


@dataclass(frozen=True, slots=True)
class Received:
    """A delivery whose events are committed. `is_new` where it brought anything new.

    `answer` is the JSON that the sender waits for, None where it wants none, and `then` is what is
    left to do once it has been sent.
    """

    is_new: bool
    answer: bytes | None = None
    then: Callable[[], None] | None = None


def receive_delivery(
    endpoint: conf.Endpoint,
    body: bytes,
    headers: Headers,
    *,
    now: datetime,
    sender: Sender = NOBODY,
) -> Received:
    """Prove a delivery and record its events; process the new ones when that is done here.

    When this returns, every event is committed. Raises `Rejected` when nothing was proven or
    recorded.
    """
    started, began = time.perf_counter(), time.monotonic()
    provider = PROVIDERS[endpoint.provider]
    events = provider.verify(
        body, headers, secrets=keys_of(endpoint), now=now, options=endpoint.options
    )
    secret_rotation.note(endpoint, events)
    place = conf.processing()
    in_request = place is conf.Processing.REQUEST
    answer, after = None, list[Callable[[], None]]()
    are_new = list[bool]()
    # Each is committed by itself: one that fails leaves those before it recorded, and the
    # provider sends all of them again.
    for event in events:
        row = _take_in(event, body, endpoint, in_request, now, sender)
        is_new = row is not None and row.is_new
        are_new.append(is_new)
        left = [partial(_process_unless_unable, row.pk, event, now)] if row and is_new else []
        if event.type in provider.answered:
            given = answers.answer(row.pk if row else _key_of(event), event, began=began, now=now)
            answer = provider.answer(event, declined=given.declined)
            # The sender waits, and the event's handlers can.
            after += left
        elif in_request:
            _do_all(left)
        tell_taken(endpoint, event, is_new=is_new, started=started)
    if not events:
        tell_taken(endpoint, None, is_new=True, started=started)
    if any(are_new) and place is conf.Processing.CELERY:
        wakeup.wake()
    metrics.delivered(endpoint.slug, time.perf_counter() - started, are_new.count(False))
    # A genuine delivery without events, such as a handshake, is no repetition of one.
    then = partial(_do_all, after) if in_request and after else None
    return Received(any(are_new) or not events, answer, then)


def _do_all(left: Iterable[Callable[[], None]]) -> None:
    for one in left:
        one()


def _key_of(event: Event) -> int:
    """Return the key of an event that is recorded. Raises `StorageUnavailable`."""
    rows = WebhookEvent.objects.filter(event_id=event.id, provider=event.provider)
    try:
        return rows.values_list("pk", flat=True).get()
    except (Error, WebhookEvent.DoesNotExist) as error:
        raise StorageUnavailable from error


def _take_in(
    event: Event,
    body: bytes,
    endpoint: conf.Endpoint,
    in_request: bool,
    now: datetime,
    sender: Sender,
) -> Recorded | None:
    """Record an event; None where it is one of a flood that need not be counted now."""
    # Redis answers floods of duplicates; without it the statement that records finds them too.
    with replay_cache.delivery(event) as delivery:
        if not delivery.to_count:
            return None
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
    return row


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
