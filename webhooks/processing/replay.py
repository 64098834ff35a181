"""Processing events again, because somebody asked for it."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from webhooks import audit, conf
from webhooks.database.paging import keys_in_pages
from webhooks.events import Clock
from webhooks.guards import replay_cache
from webhooks.models import AuditEntry, EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.processing import wakeup
from webhooks.processing.claims import claim
from webhooks.processing.process import process

REPLAY: Final = "webhooks.replay_webhookevent"
"""The permission that a person needs to ask for a replay."""

BULK: Final = "webhooks.bulk_replay_webhookevent"
"""The permission to ask for more than one at a time."""

FORCE: Final = "webhooks.force_replay_webhookevent"
"""The permission to have what has succeeded run again."""

BATCH = 500


@dataclass(slots=True)
class Replayed:
    """The result of a replay: how many events are due again, and how the processed ones ended."""

    queued: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def request_replay(
    *,
    trigger: Trigger,
    actor: str,
    reason: str,
    now: datetime,
    force: bool = False,
    selection: dict[str, Any] | None = None,
    events: Collection[int] = (),
) -> Replay:
    """Put on record who asks for a replay, and why.

    `selection` is for whoever resumes it, `events` are the rows' keys where they are known now.
    """
    with transaction.atomic():
        requested = _create_replay(
            trigger, actor, reason, now, force=force, selection=selection or {}
        )
        audit.record(
            AuditEntry.Action.FORCED if force else AuditEntry.Action.RERUN,
            actor=actor,
            subject=_subject(events),
            details=_details(requested, events),
            now=now,
        )
    return requested


def is_on_record(requested: Replay) -> bool:
    """True when an entry of the audit trail, verified, tells of this very request.

    Ask before going on with what stands in its row: whoever can write SQL could have put it in, or
    chosen other events, in anybody's name.
    """
    entries = AuditEntry.objects.filter(
        action=AuditEntry.Action.FORCED if requested.force else AuditEntry.Action.RERUN,
        actor=requested.actor,
    )
    return audit.find_intact(entries, lambda entry: _is_of(entry, requested)) is not None


def _is_of(entry: AuditEntry, requested: Replay) -> bool:
    recorded, wanted = entry.details, _details(requested, ())
    # Of the reason only a hash was recorded, and its words may have been erased since. Release
    # 0.1.0 did not record which ids were chosen, but how many.
    names = (
        "replay",
        "trigger",
        "selection",
        "events",
        *(["selected"] if "selected" in recorded else []),
    )
    return all(recorded.get(name) == wanted.get(name) for name in names)


def _create_replay(trigger: Trigger, actor: str, reason: str, now: datetime, **how: Any) -> Replay:
    return Replay.objects.create(trigger=trigger, actor=actor, reason=reason, created_at=now, **how)


def _subject(events: Collection[int]) -> str:
    label = WebhookEvent._meta.label_lower
    return f"{label}:{next(iter(events))}" if len(events) == 1 else label


def _details(requested: Replay, events: Collection[int]) -> dict[str, Any]:
    """Return what of a request goes on record: of its reason the keyed hash alone."""
    # The reason may name people, and an entry can never be erased.
    details: dict[str, Any] = {"trigger": requested.trigger, "replay": requested.pk}
    if requested.reason:
        details["reason"] = audit.keyed_hash(requested.reason)
    if requested.selection:
        details["selection"] = {name: value for name, value in requested.selection.items() if value}
        # All of it, for whoever resumes: ids may be too many to be listed.
        selected = json.dumps(requested.selection, sort_keys=True)
        details["selected"] = audit.keyed_hash(selected)
    if ids := details.get("selection", {}).pop("ids", None):
        details["events"] = len(ids)
    return {**details, "events": len(events)} if events else details


def replay(
    events: EventQuerySet,
    requested: Replay,
    *,
    lane: WebhookEvent.Lane = WebhookEvent.Lane.FRESH,
    rate: int | None = None,
    clock: Clock = timezone.now,
    progress: Callable[[Replayed], None] = lambda _: None,
) -> Replayed:
    """Make events due again, whatever their status, and process them when that is done here.

    Only the handlers that have not succeeded yet run, all of them when `requested` says
    `force`. Events without a payload are passed over. Where workers process, `rate` is how many
    events come due per second. Memory stays the same however many events there are; `progress` is
    called after each batch. One that was interrupted goes on from its cursor when called again.
    """
    result = Replayed()
    due_at = clock()
    in_request = conf.processing() is conf.Processing.REQUEST
    # Processed here, events are taken one by one: an interruption leaves none half-way.
    size = 1 if in_request else min(rate or BATCH, BATCH)
    for batch in keys_in_pages(events.replayable(), size, after=requested.cursor):
        _make_due(batch, requested, lane, due_at)
        result.queued += len(batch)
        if rate:
            due_at += timedelta(seconds=len(batch) / rate)
        if in_request:
            result.outcomes.update(_process(batch, clock))
        progress(result)
    requested.finished_at = clock()
    requested.save(update_fields=["finished_at"])
    if conf.processing() is conf.Processing.CELERY:
        wakeup.wake()
    return result


@transaction.atomic
def _make_due(
    batch: list[int], requested: Replay, lane: WebhookEvent.Lane, due_at: datetime
) -> None:
    # An event that is being processed keeps its row locked: this waits, and it runs again after.
    due: dict[str, Any] = {
        "status": WebhookEvent.Status.PENDING,
        "lane": lane,
        "available_at": due_at,
        "claimed_at": None,
        "settled_at": None,
        # The schedule of retries begins anew, the number of attempts goes on: it fences claims.
        "schedule_start": F("attempts"),
        "lost_leases": 0,
        "replay": requested,
    }
    if requested.force:
        due["succeeded"] = []
    WebhookEvent.objects.filter(pk__in=batch).update(**due)
    # In the batch's transaction: an interruption neither skips a batch nor makes one due twice.
    requested.cursor = batch[-1]
    requested.save(update_fields=["cursor"])


def _process(batch: list[int], clock: Clock) -> Iterator[str]:
    for pk in batch:
        taken = claim(pk, now=clock())
        attempt = process(taken, now=clock()) if taken else None
        if attempt:
            yield attempt.outcome


def release(event: WebhookEvent, *, actor: str, reason: str, now: datetime) -> bool:
    """Take an event from whoever holds it, a worker or a delivery, and make it due at once.

    False when it is settled: then there is no claim to end, only what Redis may hold of it. Should
    the holder come back, its claim no longer stands. Raises `OperationalError` when the holder is
    at work on the event this very moment; nothing is changed then.
    """
    with transaction.atomic():
        row = WebhookEvent.objects.select_for_update(nowait=True).get(pk=event.pk)
        requested = _create_replay(Trigger.COMMAND, actor, reason, now)
        is_pending = row.status == WebhookEvent.Status.PENDING
        if is_pending:
            # A new number ends the holder's claim: it can no longer settle.
            row.attempts += row.claimed_at is not None
            row.available_at, row.claimed_at, row.replay = now, None, requested
            row.save(update_fields=["attempts", "available_at", "claimed_at", "replay"])
        audit.record(
            AuditEntry.Action.RELEASED,
            actor=actor,
            subject=_subject([row.pk]),
            details=_details(requested, [row.pk]),
            now=now,
        )
    replay_cache.clear(event.provider, event.event_id)
    if conf.processing() is conf.Processing.CELERY:
        wakeup.wake()
    return is_pending
