"""The history of billing objects: what was done to each of them, on whose account, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.changes import Change
from billing.models import BillingChange, ProviderObject
from billing.models.base import ObjectScope
from billing.ordering import OrderingReason, plain
from webhooks import row_statements
from webhooks.events import Event

Verdict = BillingChange.Verdict
Source = BillingChange.Source

Differences = dict[str, list[Any]]
"""Per field that changed: from what, to what."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What made us store something."""

    scope: ObjectScope
    source: BillingChange.Source
    event_id: str = ""
    event_type: str = ""


def caused_by(event: Event, source: BillingChange.Source = Source.EVENT) -> Cause:
    """Return an event as the cause of what is stored."""
    scope = ObjectScope(provider=event.provider, account=event.account, livemode=event.livemode)
    return Cause(scope, source, event.id, event.type)


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
