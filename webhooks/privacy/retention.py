"""Dropping what need not be kept: first the payload, much later the row.

A row without its payload is a tombstone: it still makes a late delivery a duplicate.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from webhooks import audit
from webhooks.database.paging import keys_to_clear, lock_keys
from webhooks.models import Attempt, AuditEntry, EventQuerySet, WebhookEvent
from webhooks.models.senders import SENDER_COLUMNS

SETTLED_WELL = [WebhookEvent.Status.PROCESSED, WebhookEvent.Status.IGNORED]

SHORTEST_MEMORY = timedelta(days=31)
"""Stripe can be made to send an event again for 30 days (`stripe events resend`)."""


@dataclass(slots=True)
class CleanedUp:
    """The number of events that lost their payload, and of those deleted.

    `altered` are the keys of events that were altered in the database, or whose attempts were:
    they are kept whole.
    """

    payloads: int = 0
    rows: int = 0
    altered: set[int] = field(default_factory=set)


def cleanup(
    *,
    payloads_older_than: timedelta,
    rows_older_than: timedelta,
    rows_of: Collection[str],
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
    What does not fit its seal is kept, and put on record as altered. Rows go of the providers named
    in `rows_of`: where a delivery stays valid for ever, it would be new without its event's row.
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
    rows = settled.filter(
        received_at__lt=now - rows_older_than,
        provider__in=rows_of,
    )
    if dry_run:
        return CleanedUp(payloads.count(), rows.count())
    # What was dropped unsealed could have been altered before, and nobody could tell.
    audit.seal(now=now)
    done = CleanedUp()
    for pks in keys_to_clear(payloads.order_by("received_at"), batch_size, kept=done.altered):
        _drop_payloads(payloads.filter(pk__in=pks), done, actor, now)
        progress(done)
    for pks in keys_to_clear(rows.order_by("received_at"), batch_size, kept=done.altered):
        _delete(rows.filter(pk__in=pks), done, actor, now)
        progress(done)
    return done


@transaction.atomic
def _drop_payloads(events: EventQuerySet, done: CleanedUp, actor: str, now: datetime) -> None:
    # The query asks for the same state once more, in case it has changed since.
    pks = lock_keys(events)
    held = audit.hold({WebhookEvent: pks})
    intact = held.intact[WebhookEvent]
    # Who sent it is kept no longer than what was sent.
    WebhookEvent.objects.filter(pk__in=intact).update(
        body=None, **dict.fromkeys(SENDER_COLUMNS, "")
    )
    audit.amend(
        AuditEntry.Action.CLEANED_UP,
        {WebhookEvent: intact},
        held=held,
        actor=actor,
        details={"payloads": len(intact)},
        now=now,
    )
    done.payloads += len(intact)
    done.altered |= set(pks) - intact


@transaction.atomic
def _delete(events: EventQuerySet, done: CleanedUp, actor: str, now: datetime) -> None:
    pks = lock_keys(events)
    # Read before they go: the database deletes them with their event, and the trail names them.
    attempts = dict(Attempt.objects.filter(event__in=pks).values_list("pk", "event_id"))
    held = audit.hold({WebhookEvent: pks, Attempt: attempts})
    # An event whose attempt was altered stays as well: the attempt would go with it.
    spoilt = {event for pk, event in attempts.items() if not held.fits(Attempt, pk)}
    intact = held.intact[WebhookEvent] - spoilt
    theirs = {pk for pk, event in attempts.items() if event in intact}
    WebhookEvent.objects.filter(pk__in=intact).delete()
    audit.remove(
        AuditEntry.Action.CLEANED_UP,
        {WebhookEvent: intact, Attempt: theirs},
        held=held,
        actor=actor,
        details={"events": len(intact), "attempts": len(theirs)},
        now=now,
    )
    done.rows += len(intact)
    done.altered |= set(pks) - intact
