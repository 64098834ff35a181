"""Claims: the right to process an event, while the lease lasts and the number is the row's."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F

from webhooks import conf
from webhooks.events import Event
from webhooks.models import EventQuerySet, Trigger, WebhookEvent


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to settle an event, for as long as `attempt` is still the row's `attempts`.

    `row` is what was claimed, as it was then; None for a row that was recorded as claimed.
    """

    pk: int
    attempt: int
    trigger: Trigger
    row: WebhookEvent | None = field(default=None, repr=False, compare=False)

    def event(self) -> Event | None:
        """Return the event that was claimed; None when its payload is not at hand."""
        # Not read at the claim: what parsing a payload costs a worker must cost it that claim.
        return self.row.as_event() if self.row and self.row.body is not None else None


def claim(pk: int, *, now: datetime) -> Claim | None:
    """Take one event; None when it is not due, or is being claimed by another."""
    taken = _take(WebhookEvent.objects.due(now).filter(pk=pk), 1, now)
    return taken[0] if taken else None


def claim_due(limit: int, *, now: datetime) -> list[Claim]:
    """Take the events that have been due the longest, `limit` at most; none when nothing is due.

    Nothing is taken from a later lane while there is work in an earlier one. An event that a lost
    worker had is taken alone: it may be what the worker was lost to, and would take others along.
    """
    # A lane at a time, not ordered by lane: each is then a walk along the start of one index.
    for lane in WebhookEvent.Lane:
        if taken := _take(WebhookEvent.objects.due(now).in_lane(lane), limit, now):
            return taken
    return []


@transaction.atomic
def _take(due: EventQuerySet, limit: int, now: datetime) -> list[Claim]:
    # A claim is a short transaction of its own: nothing is held while handlers do their work.
    # Workers pass over what others are claiming, and none waits.
    rows = list(due.select_for_update(skip_locked=True)[:limit])
    was_lost = bool(rows) and rows[0].claimed_at is not None
    rows = rows[:1] if was_lost else [row for row in rows if row.claimed_at is None]
    WebhookEvent.objects.filter(pk__in=[row.pk for row in rows]).update(
        attempts=F("attempts") + 1,
        lost_leases=F("lost_leases") + int(was_lost),
        claimed_at=now,
        # No heartbeat: a worker that is lost says nothing, and the lease's end brings it back.
        available_at=now + conf.lease(),
    )
    return [_claimed(row) for row in rows]


def _claimed(row: WebhookEvent) -> Claim:
    trigger = _trigger(row)
    row.attempts += 1
    return Claim(row.pk, row.attempts, trigger, row)


def _trigger(row: WebhookEvent) -> Trigger:
    if row.claimed_at is not None:
        return Trigger.SWEEP
    if row.attempts > row.schedule_start:
        return Trigger.RETRY
    return Trigger.RECONCILIATION if row.was_fetched else Trigger.DELIVERY


def release(claims: Iterable[Claim], *, now: datetime) -> None:
    """Give claims back that nothing was done with: the events are due, as if never taken."""
    # One by one: each by its own number, so that what another has taken since is left alone.
    for taken in claims:
        WebhookEvent.objects.filter(
            pk=taken.pk, attempts=taken.attempt, status=WebhookEvent.Status.PENDING
        ).update(attempts=F("attempts") - 1, claimed_at=None, available_at=now)
