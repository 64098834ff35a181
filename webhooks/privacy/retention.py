"""Dropping what need not be kept: first the payload, much later the row.

A row without its payload is a tombstone: it still makes a late delivery a duplicate.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from webhooks import audit
from webhooks.database.paging import keys_to_clear
from webhooks.models import Attempt, AuditEntry, EventQuerySet, WebhookEvent

SETTLED_WELL = [WebhookEvent.Status.PROCESSED, WebhookEvent.Status.IGNORED]

SHORTEST_MEMORY = timedelta(days=31)
"""Stripe can be made to send an event again for 30 days (`stripe events resend`)."""


@dataclass(slots=True)
class CleanedUp:
    """The number of events that lost their payload, and of those deleted."""

    payloads: int = 0
    rows: int = 0


def cleanup(
    *,
    payloads_older_than: timedelta,
    rows_older_than: timedelta,
    actor: str,
    now: datetime,
    batch_size: int = 1000,
    dry_run: bool = False,
    progress: Callable[[CleanedUp], None] = lambda _: None,
) -> CleanedUp:
    """Drop payloads, then whole rows, of events that ended well and came in long ago.

    Pending and failed events are kept whole: somebody may still mend them. Each batch is a
    transaction of its own, so that a large clean-up holds nobody up and can be interrupted. What
    is not sealed yet is sealed first, and what is dropped or deleted is on record, by whom too.
    Raises `ValueError` when rows would be forgotten while the provider may still send the event,
    or when a number makes no sense.
    """
    if payloads_older_than < timedelta(0) or batch_size < 1:
        raise ValueError("ages can't be negative, and a batch has at least one event")
    if rows_older_than < max(SHORTEST_MEMORY, payloads_older_than):
        raise ValueError(
            f"rows must be kept for {SHORTEST_MEMORY.days} days at least, and no shorter than "
            "payloads: a late delivery would be taken for a new event"
        )
    settled = WebhookEvent.objects.filter(status__in=SETTLED_WELL)
    payloads = settled.filter(received_at__lt=now - payloads_older_than, body__isnull=False)
    rows = settled.filter(received_at__lt=now - rows_older_than)
    if dry_run:
        return CleanedUp(payloads.count(), rows.count())
    # What was dropped unsealed could have been altered before, and nobody could tell.
    audit.seal(now=now)
    done = CleanedUp()
    for batch in _batches(payloads, batch_size):
        done.payloads += _drop_payloads(batch, actor, now)
        progress(done)
    for batch in _batches(rows, batch_size):
        done.rows += _delete(batch, actor, now)
        progress(done)
    return done


@transaction.atomic
def _drop_payloads(events: EventQuerySet, actor: str, now: datetime) -> int:
    pks = _lock(events)
    WebhookEvent.objects.filter(pk__in=pks).update(body=None)
    audit.amend(
        AuditEntry.Action.CLEANED_UP,
        {WebhookEvent: pks},
        actor=actor,
        details={"payloads": len(pks)},
        now=now,
    )
    return len(pks)


@transaction.atomic
def _delete(events: EventQuerySet, actor: str, now: datetime) -> int:
    pks = _lock(events)
    # Read before they go: the database deletes them with their event, and the trail names them.
    attempts = list(Attempt.objects.filter(event__in=pks).values_list("pk", flat=True))
    WebhookEvent.objects.filter(pk__in=pks).delete()
    audit.remove(
        AuditEntry.Action.CLEANED_UP,
        {WebhookEvent: pks, Attempt: attempts},
        actor=actor,
        details={"events": len(pks), "attempts": len(attempts)},
        now=now,
    )
    return len(pks)


def _lock(events: EventQuerySet) -> list[int]:
    return list(events.select_for_update().order_by("pk").values_list("pk", flat=True))


def _batches(events: EventQuerySet, size: int) -> Iterator[EventQuerySet]:
    """Yield each batch as a query that still asks for the same state, in case that has changed.

    The caller must take the batch out of that state, or it would come again.
    """
    for pks in keys_to_clear(events.order_by("received_at"), size):
        yield events.filter(pk__in=pks)
