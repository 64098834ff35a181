"""From a delivery to a recorded event."""

import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import Error, connection

from webhooks import conf, erased, metrics, processing, redeliveries, rotation, wakeup
from webhooks.claims import Claim
from webhooks.events import Event
from webhooks.exceptions import (
    EndpointNotConfigured,
    StorageUnavailable,
    UnknownEndpoint,
)
from webhooks.models import FETCHED, Trigger
from webhooks.providers import PROVIDERS, Headers
from webhooks.runs import textless

logger = logging.getLogger(__name__)

_INSERT = """
INSERT INTO webhooks_webhookevent (
    provider, event_id, endpoint, type, object_type, object_id, customer_id, account, livemode,
    api_version, provider_created_at, body, sha256, secret_id, received_at, last_received_at,
    available_at, claimed_at, attempts
) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (event_id, provider)
"""
RECORD = f"""{_INSERT} DO UPDATE SET
    deliveries = webhooks_webhookevent.deliveries + %s,
    last_received_at = excluded.last_received_at
RETURNING id, deliveries, """
"""Records an event or counts its delivery; the other columns have their defaults. It tells as well
whether the event is of somebody whose data was erased.

Raw, and the same on PostgreSQL and SQLite: the ORM's upsert can't count, and going through a
model instance takes a quarter of the time of accepting a delivery.
"""
RECOVER = f"{_INSERT} DO NOTHING RETURNING id, deliveries, "
"""Records an event that was not delivered; one that we have is left as it is."""

_Value = str | int | bytes | datetime | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row that is durably in the database, and whether this delivery put it there.

    One that `is_erased` is of somebody whose data was erased, and must not stay as it came.
    """

    pk: int
    is_new: bool
    is_erased: bool = False


def open_endpoint(slug: str) -> conf.Endpoint:
    """The endpoint of this name, able to prove deliveries.

    Raises `UnknownEndpoint` or `EndpointNotConfigured`.
    """
    endpoint = conf.endpoint(slug)
    if endpoint is None:
        raise UnknownEndpoint
    if not endpoint.secrets:
        logger.error("refusing deliveries to %r: %s is not set", slug, endpoint.secrets_setting)
        raise EndpointNotConfigured
    return endpoint


def receive(endpoint: conf.Endpoint, body: bytes, headers: Headers, *, now: datetime) -> bool:
    """Prove a delivery and record its events; process the new ones when that is done here.

    Whether it brought anything new. When this returns, every event is committed. Raises
    `Rejected` when nothing was proven or recorded.
    """
    started = time.perf_counter()
    provider = PROVIDERS[endpoint.provider]
    events = provider.verify(body, headers, secrets=endpoint.secrets, now=now)
    rotation.note(endpoint, events)
    place = conf.processing()
    in_request = place is conf.Processing.REQUEST
    are_new = [_take_in(event, body, endpoint, in_request, now) for event in events]
    if any(are_new) and place is conf.Processing.CELERY:
        wakeup.wake()
    metrics.delivered(endpoint.slug, time.perf_counter() - started, are_new.count(False))
    return any(are_new) or not events


def _take_in(
    event: Event, body: bytes, endpoint: conf.Endpoint, in_request: bool, now: datetime
) -> bool:
    """Record an event, and process it when it is new and that is done here; whether it is new."""
    with redeliveries.delivery(event) as delivery:
        if not delivery.to_count:
            return False
        row = record(
            event, body, endpoint.slug, claimed=in_request, now=now, deliveries=delivery.to_count
        )
        delivery.is_recorded = True
    if row.is_new and row.is_erased:
        _redact_unless_unable(row.pk, event, now)
    if in_request and row.is_new:
        _process_unless_unable(row.pk, event, now)
    return row.is_new


def _redact_unless_unable(pk: int, event: Event, now: datetime) -> None:
    try:
        erased.redact_late(pk, now=now)
    except Error as error:
        # The event is committed, and processing begins with the same.
        logger.exception("event %s could not be redacted now", event.id, exc_info=textless(error))


def _process_unless_unable(pk: int, event: Event, now: datetime) -> None:
    claim = Claim(pk, attempt=1, trigger=Trigger.DELIVERY)
    try:
        processing.process(
            claim, now=now, event=replace(event, received_at=now, is_first_attempt=True)
        )
    except Error as error:
        # The event is committed, so the delivery has succeeded: the sweep takes it from here.
        logger.exception(
            "event %s is recorded but could not be processed now",
            event.id,
            exc_info=textless(error),
        )


def record(
    event: Event, body: bytes, endpoint: str, *, claimed: bool, now: datetime, deliveries: int = 1
) -> Recorded:
    """Record an event once, or count `deliveries` more of it, in one statement.

    `claimed` makes a new row its first attempt's own, for the caller to process.
    Raises `StorageUnavailable` when nothing was recorded.
    """
    ids = erased.ids_named_by(event)
    values = (*_values(event, body, endpoint, claimed=claimed, now=now), deliveries, *ids)
    recorded = _store(RECORD + erased.falls_under_erasure(len(ids)), values)
    assert recorded, "the statement answers with the row, whether it was there or not"  # noqa: S101
    return recorded


def recover(event: Event, body: bytes, *, now: datetime) -> Recorded | None:
    """Record an event that we asked for, as nobody's yet.

    None when we have it: nothing is written then, as this is no delivery.
    Raises `StorageUnavailable` when nothing could be recorded.
    """
    ids = erased.ids_named_by(event)
    values = (*_values(event, body, FETCHED, claimed=False, now=now), *ids)
    return _store(RECOVER + erased.falls_under_erasure(len(ids)), values)


def _values(
    event: Event, body: bytes, endpoint: str, *, claimed: bool, now: datetime
) -> tuple[_Value, ...]:
    moment = connection.ops.adapt_datetimefield_value
    return (
        event.provider,
        event.id,
        endpoint,
        event.type,
        event.object_type,
        event.object_id,
        event.customer_id,
        event.account,
        event.livemode,
        event.api_version,
        moment(event.created_at),
        body,
        hashlib.sha256(body).hexdigest(),
        event.secret_id,
        moment(now),
        moment(now),
        moment(now + conf.lease() if claimed else now),
        moment(now if claimed else None),
        1 if claimed else 0,
    )


def _store(statement: str, values: Sequence[_Value]) -> Recorded | None:
    try:
        return _execute_though_disconnected(statement, values)
    except Error as error:
        logger.exception("event %s could not be recorded", values[1], exc_info=textless(error))
        raise StorageUnavailable from error


def _execute_though_disconnected(statement: str, values: Sequence[_Value]) -> Recorded | None:
    try:
        return _execute(statement, values)
    except Error:
        if connection.in_atomic_block or connection.is_usable():
            raise
    # The connection was kept from an earlier request and has died since: once more on a new one.
    connection.close()
    return _execute(statement, values)


def _execute(statement: str, values: Sequence[_Value]) -> Recorded | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    return Recorded(row[0], is_new=row[1] == 1, is_erased=bool(row[2])) if row else None
