"""Records an event, durably, by one statement."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import Error, connection

from webhooks import conf
from webhooks.events import Event
from webhooks.exceptions import StorageUnavailable
from webhooks.guards.sender import NOBODY, Sender
from webhooks.models import FETCHED
from webhooks.models.senders import SENDER_COLUMNS
from webhooks.privacy import suppression
from webhooks.processing.errors import textless

logger = logging.getLogger(__name__)

COLUMNS: Final = (
    *("provider", "event_id", "endpoint", "type", "object_type", "object_id", "customer_id"),
    *("account", "livemode", "api_version", "provider_created_at", "body", "sha256", "secret_id"),
    *("received_at", "last_received_at", "available_at", "claimed_at", "attempts"),
    *SENDER_COLUMNS,
)
"""The columns that recording fills, in the order of `_values`; the rest have database defaults."""

_INSERT = f"""
INSERT INTO webhooks_webhookevent ({", ".join(COLUMNS)})
VALUES ({", ".join(["%s"] * len(COLUMNS))})
ON CONFLICT (event_id, provider)
"""  # noqa: S608
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


def record(
    event: Event,
    body: bytes,
    endpoint: str,
    *,
    claimed: bool,
    now: datetime,
    deliveries: int = 1,
    sender: Sender = NOBODY,
) -> Recorded:
    """Record an event once, or count `deliveries` more of it, in one statement.

    `claimed` makes a new row its first attempt's own, for the caller to process. The `sender` is
    kept of the delivery that made the row.
    Raises `StorageUnavailable` when nothing was recorded.
    """
    # What is processed at once is asked about right before that, by `suppression.suppress`.
    condition, parameters = ("FALSE", ()) if claimed else suppression.erasure_condition(event)
    row = _values(event, body, endpoint, sender, claimed=claimed, now=now)
    values = (*row, deliveries, *parameters)
    recorded = _store(RECORD + condition, values)
    assert recorded, "the statement answers with the row, whether it was there or not"  # noqa: S101
    return recorded


def recover(event: Event, body: bytes, *, now: datetime) -> Recorded | None:
    """Record an event that we asked for, as nobody's yet.

    None when we have it: nothing is written then, as this is no delivery.
    Raises `StorageUnavailable` when nothing could be recorded.
    """
    condition, parameters = suppression.erasure_condition(event)
    values = (*_values(event, body, FETCHED, NOBODY, claimed=False, now=now), *parameters)
    return _store(RECOVER + condition, values)


def _values(
    event: Event, body: bytes, endpoint: str, sender: Sender, *, claimed: bool, now: datetime
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
        # Recorded as claimed, an event costs no second statement to claim it.
        moment(now + conf.lease() if claimed else now),
        moment(now if claimed else None),
        1 if claimed else 0,
        sender.client,
        sender.user_agent,
        sender.request_id,
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
        # In a transaction the statements before this one are lost with the connection.
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
