"""The history of billing objects: what was done to each of them, on whose account, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from billing.changes import Change
from billing.models import MODELS, BillingChange, ProviderObject
from billing.ordering import OrderingReason, Resolution, Snapshot, doubt_of_first, plain
from webhooks import row_statements
from webhooks.events import Event, ObjectScope

Verdict = BillingChange.Verdict
Source = BillingChange.Source

Differences = dict[str, list[Any]]
"""Per field that changed: from what, to what."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The cause of a change: an event, a fetch or a repair."""

    scope: ObjectScope
    source: BillingChange.Source
    event_id: str = ""
    event_type: str = ""


def scope_of(event: Event) -> ObjectScope:
    """Return the scope of the objects that an event tells of."""
    return ObjectScope(provider=event.provider, account=event.account, livemode=event.livemode)


def caused_by(event: Event, source: BillingChange.Source = Source.EVENT) -> Cause:
    """Return an event as the cause of what is stored."""
    return Cause(scope_of(event), source, event.id, event.type)


def differences(row: ProviderObject, facts: Mapping[str, Any]) -> Differences:
    """Return what would change in a row, were these facts stored in it."""
    return {
        name: [plain(getattr(row, name)), plain(value)]
        for name, value in facts.items()
        if getattr(row, name) != value
    }


def is_on_record(event: Event, change: Change) -> bool:
    """True when the event was applied to the object before."""
    # Only the event's own processing, of which there is one at a time, writes these rows. So no
    # unique index is needed to keep two of them from being written.
    return BillingChange.objects.filter(
        event_id=event.id,
        provider=event.provider,
        object_type=change.object_type,
        provider_id=change.provider_id,
        source=Source.EVENT,
    ).exists()


def record_first(cause: Cause, change: Change, snapshot: Snapshot) -> BillingChange:
    """Record that an object is stored for the first time, and return the entry."""
    changed = differences(_blank(change.object_type), change.facts())
    if doubt := doubt_of_first(change.order_rules, snapshot):
        return record(cause, change, Verdict.UNDECIDABLE, doubt, changed)
    reason = OrderingReason.ANSWER if snapshot.is_answer else OrderingReason.FIRST_HEARD
    return record(cause, change, Verdict.APPLIED, reason, changed)


def record_resolved(
    cause: Cause, change: Change, snapshot: Snapshot, resolution: Resolution, changed: Differences
) -> BillingChange:
    """Record what a snapshot did to a stored object, and return the entry."""
    verdict, reason = _verdict(snapshot, resolution, changed), _reason(snapshot, resolution)
    return record(cause, change, verdict, reason, changed)


def record(
    cause: Cause,
    change: Change,
    verdict: BillingChange.Verdict,
    reason: OrderingReason,
    fields: Differences,
) -> BillingChange:
    """Write down what was done to an object, and return the entry."""
    entry = BillingChange(
        **cause.scope,
        event_id=cause.event_id,
        event_type=cause.event_type,
        object_type=change.object_type,
        provider_id=change.provider_id,
        source=cause.source,
        verdict=verdict,
        reason=reason,
        fields=fields,
    )
    row_statements.insert(entry)
    return entry


@cache
def _blank(object_type: str) -> ProviderObject:
    """Return an object of which nothing is known; not to be changed."""
    return MODELS[object_type]()


def _verdict(
    snapshot: Snapshot, resolution: Resolution, changed: Differences
) -> BillingChange.Verdict:
    if resolution.in_doubt:
        return Verdict.UNDECIDABLE
    if changed:
        return Verdict.APPLIED
    latest = resolution.latest
    is_old = latest is not None and latest.facts != snapshot.facts
    # A partial snapshot differs from every whole one, and is no older for that.
    return Verdict.OLDER if is_old and not snapshot.is_partial else Verdict.UNCHANGED


def _reason(snapshot: Snapshot, resolution: Resolution) -> OrderingReason:
    """Return the reason to give for what this snapshot did, be it the latest or not."""
    if resolution.in_doubt:
        return resolution.reason
    if snapshot.is_answer:
        return OrderingReason.ANSWER
    return OrderingReason.ADDED if snapshot.is_partial else resolution.reason
