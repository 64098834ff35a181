"""Processing events again, because somebody asked for it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F
from django.utils import timezone

from webhooks import conf, processing
from webhooks.claims import claim
from webhooks.models import EventQuerySet, Replay, Trigger, WebhookEvent
from webhooks.processing import Clock

BATCH = 500


@dataclass(slots=True)
class Replayed:
    """What came of a replay: how many events are due again, and how the processed ones ended."""

    queued: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def replay(
    events: EventQuerySet,
    *,
    trigger: Trigger,
    actor: str,
    reason: str,
    force: bool = False,
    clock: Clock = timezone.now,
    progress: Callable[[Replayed], None] = lambda _: None,
) -> Replayed:
    """Make events due again, whatever their status, and process them when that is done here.

    Only the handlers that have not succeeded yet run, all of them with `force`. Events without
    a payload are passed over. Memory stays the same however many events there are; `progress` is
    called after each batch.
    """
    order = Replay.objects.create(
        trigger=trigger, actor=actor, reason=reason, force=force, created_at=clock()
    )
    result = Replayed()
    for batch in _batches(events.replayable()):
        result.queued += _make_due(batch, order, clock)
        if conf.processing() is conf.Processing.REQUEST:
            for pk in batch:
                taken = claim(pk, now=clock())
                attempt = processing.process(taken, now=clock()) if taken else None
                if attempt:
                    result.outcomes[attempt.outcome] += 1
        progress(result)
    return result


def _batches(events: EventQuerySet) -> Iterator[list[int]]:
    last = 0
    while batch := list(
        events.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        yield batch
        last = batch[-1]


def _make_due(batch: list[int], order: Replay, clock: Clock) -> int:
    # An event that is being processed keeps its row locked: this waits, and it runs again after.
    due: dict[str, Any] = {
        "status": WebhookEvent.Status.PENDING,
        "available_at": clock(),
        "claimed_at": None,
        "settled_at": None,
        "schedule_start": F("attempts"),
        "lost_leases": 0,
        "replay": order,
    }
    if order.force:
        due["succeeded"] = []
    return WebhookEvent.objects.replayable().filter(pk__in=batch).update(**due)
