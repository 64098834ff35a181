"""Brings billing state up to date with what events say. The only place that locks its rows."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from billing.changes import Change
from billing.models import MODELS, BillingChange, ProviderObject
from billing.ordering import Verdict, decide, merge
from webhooks.events import Event


def apply_all(event: Event, changes: Iterable[Change]) -> list[BillingChange]:
    """Apply what an event says, and return what was written to the history.

    Must run in a transaction. Objects are locked in one order, by type and id, so that events
    that touch the same ones wait for each other and never in a circle.
    """
    in_order = sorted(changes, key=lambda change: (change.object_type, change.provider_id))
    return [made for change in in_order if (made := apply(event, change))]


def apply(event: Event, change: Change) -> BillingChange | None:
    """Apply what an event says of one object, and return what was written to the history.

    None when the event had had its say on the object before. It is heard again only as long as
    no later one has changed the object: a re-run puts right what this code got wrong at first,
    and never brings back what was true once. Must run in a transaction.
    """
    row, created = _lock(event, change)
    if created:
        model = type(row)
        return _record(event, change, Verdict.APPLIED, _differences(model(), change.facts()))
    had_its_say = not event.is_first_attempt and _history(event, change).exists()
    if had_its_say and row.snapshot_event_id != event.id:
        return None
    verdict, differences = decide(row, change, event.created_at), {}
    if verdict is Verdict.APPLIED:
        differences = _update(row, event, change)
        verdict = Verdict.APPLIED if differences else Verdict.UNCHANGED
    if had_its_say and not differences:
        return None
    return _record(event, change, verdict, differences)


def _lock(event: Event, change: Change) -> tuple[ProviderObject, bool]:
    """The object's row, locked, and whether this event brought it into being."""
    rows = MODELS[change.object_type]._default_manager.select_for_update()
    return rows.get_or_create(
        provider=event.provider,
        account=event.account,
        livemode=event.livemode,
        provider_id=change.provider_id,
        defaults={
            **change.facts(),
            "snapshot_at": event.created_at if change.complete else None,
            "snapshot_event_id": event.id,
        },
    )


def _history(event: Event, change: Change) -> QuerySet[BillingChange]:
    """What is on record of what this event said of the object.

    Only the event's own processing, of which there is one at a time, writes it.
    """
    return BillingChange.objects.filter(
        event_id=event.id,
        provider=event.provider,
        object_type=change.object_type,
        provider_id=change.provider_id,
    )


def _update(row: ProviderObject, event: Event, change: Change) -> dict[str, list[Any]]:
    """Save what differs, and return it."""
    facts = merge(row, change)
    differences = _differences(row, facts)
    values = {name: facts[name] for name in differences}
    is_another_snapshot = change.complete and event.created_at not in (None, row.snapshot_at)
    if is_another_snapshot:
        values["snapshot_at"] = event.created_at
    if differences or is_another_snapshot:
        values["snapshot_event_id"] = event.id
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=[*values, "updated_at"])
    return differences


def _differences(row: ProviderObject, facts: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Per field that is not as the facts say: from what, to what."""
    return {
        name: [_plain(getattr(row, name)), _plain(value)]
        for name, value in facts.items()
        if getattr(row, name) != value
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _record(
    event: Event, change: Change, verdict: Verdict, differences: dict[str, list[Any]]
) -> BillingChange:
    return BillingChange.objects.create(
        provider=event.provider,
        account=event.account,
        livemode=event.livemode,
        event_id=event.id,
        event_type=event.type,
        object_type=change.object_type,
        provider_id=change.provider_id,
        verdict=verdict,
        fields=differences,
    )
