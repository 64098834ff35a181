"""Deciding that an event which came to nothing needs nothing more."""

from datetime import datetime
from typing import Final

from django.db import transaction

from webhooks.audit import record, subject_of
from webhooks.models import Attempt, AuditEntry, Replay, Trigger, WebhookEvent

IGNORE: Final = "webhooks.ignore_webhookevent"
"""The permission to have events ignored."""


def ignore(event: WebhookEvent, *, actor: str, reason: str, now: datetime) -> bool:
    """Have an event that failed, or is being retried, ignored; True when that could be done.

    It counts as an attempt, which says who and why, and takes the event from a worker that may
    still come back for it. It can be re-run later like any other. One in flight, or one that has
    not been tried yet, stays as it is.
    """
    with transaction.atomic():
        # Asked again under the lock: a worker may have taken it since the page was shown.
        row = WebhookEvent.objects.ignorable(now).select_for_update().filter(pk=event.pk).first()
        if row is None:
            return False
        replay = Replay.objects.create(
            trigger=Trigger.STAFF, actor=actor, reason=reason, created_at=now, finished_at=now
        )
        details = {"event": row.event_id, "was": row.status, "replay": replay.pk}
        _settle(row, replay, now)
        record(
            AuditEntry.Action.IGNORED,
            actor=actor,
            now=now,
            subject=subject_of(row),
            details=details,
            reason=reason,
        )
    return True


def _settle(row: WebhookEvent, replay: Replay, now: datetime) -> None:
    # A new number ends the claim of whoever may come back for it.
    row.attempts += 1
    row.status, row.settled_at = WebhookEvent.Status.IGNORED, now
    row.claimed_at, row.replay, row.lost_leases = None, None, 0
    row.save(
        update_fields=[*("attempts", "status", "settled_at", "claimed_at", "replay", "lost_leases")]
    )
    Attempt.objects.create(
        event=row,
        number=row.attempts,
        trigger=Trigger.STAFF,
        replay=replay,
        started_at=now,
        duration_ms=0,
        outcome=Attempt.Outcome.IGNORED,
    )
