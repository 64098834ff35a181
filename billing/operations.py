"""Brings billing state up to date with events and answers, under each object's row lock."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from django.db.models import Sum

from billing.changes import Change, ChargeChange
from billing.history import (
    Cause,
    Differences,
    Verdict,
    caused_by,
    differences,
    is_on_record,
    record,
    record_first,
    record_resolved,
)
from billing.models import MODELS, BillingChange, Charge, ProviderObject, Refund
from billing.order_rules import OrderRules
from billing.ordering import (
    FactMap,
    OrderingReason,
    Resolution,
    Snapshot,
    doubt_of_first,
    resolve,
)
from billing.statuses import RefundStatus
from webhooks import row_statements
from webhooks.events import Event


def apply_all(event: Event, changes: Iterable[Change]) -> list[BillingChange]:
    """Apply an event's changes, and return what was written to the history.

    Must run in a transaction. Raises `IntegrityError` when another event has just been the first
    to tell of an object: begin anew.
    """
    # In one order, by type and id: events that touch the same objects wait for each other, and
    # never in a circle.
    in_order = sorted(changes, key=lambda change: (change.object_type, change.provider_id))
    cause = caused_by(event)
    made = [apply(event, change, cause) for change in in_order]
    return [entry for entry in (*made, *sum_refunds(cause, in_order)) if entry]


def sum_refunds(cause: Cause, changes: Iterable[Change]) -> list[BillingChange]:
    """Store what the refunds of charges come to, where these changes are of such as sum them up.

    Returns what was written to the history. Must run in a transaction, after the refunds' changes:
    events lock the charge before its refunds, so of two refunds the later one sees both.
    """
    summed = [one for one in changes if isinstance(one, ChargeChange) and one.sums_refunds]
    keys = dict.fromkeys(one.provider_id for one in summed)
    return [made for key in keys if (made := _sum_refunds_of(key, cause))]


def _sum_refunds_of(charge_id: str, cause: Cause) -> BillingChange | None:
    row = row_statements.locked(Charge, {**cause.scope, "provider_id": charge_id})
    if row is None:
        return None
    succeeded = row.related(Refund).filter(status=RefundStatus.SUCCEEDED)
    total = succeeded.aggregate(total=Sum("amount"))["total"] or 0
    told = ChargeChange(
        provider_id=charge_id,
        complete=False,
        amount_refunded=total,
        refunded=row.amount is not None and 0 < row.amount <= total,
    )
    known = row.unpack_snapshots(row.facts())
    changed = differences(row, told.facts())
    if not changed:
        return None
    for name in changed:
        setattr(row, name, told.facts()[name])
    row.pack_snapshots(known)
    row_statements.update(row, [*changed, "snapshots", "updated_at"])
    return record(cause, told, Verdict.APPLIED, OrderingReason.SUMMED, changed)


def apply(event: Event, change: Change, cause: Cause) -> BillingChange | None:
    """Apply an event to one object, and return what was written to the history.

    None when the event had been applied to the object before, and has nothing to put right now.
    Must run in a transaction.
    """
    snapshot = Snapshot.of_event(event, change)
    row, is_new = _lock(cause, change, snapshot)
    if is_new:
        return record_first(cause, change, snapshot)
    current = row.facts()
    known = row.unpack_snapshots(current)
    # An event's first attempt spares itself the query: nothing of it can be on record.
    is_repeated = not event.is_first_attempt and is_on_record(event, change)
    snapshots = _in_its_place(known, snapshot) if is_repeated else [*known, snapshot]
    if not snapshots:
        return None
    resolution, changed = _update(row, change.order_rules, current, snapshots)
    if is_repeated and not changed:
        return None
    return record_resolved(cause, change, snapshot, resolution, changed)


def apply_answer(change: Change, answer: Snapshot, cause: Cause) -> BillingChange:
    """Apply what the provider answered when it was asked for an object, or for one that names it.

    An answer that was asked for before another one that is stored comes too late. Must run in a
    transaction.
    """
    made = _apply_answer(change, answer, cause)
    sum_refunds(cause, [change])
    return made


def _apply_answer(change: Change, answer: Snapshot, cause: Cause) -> BillingChange:
    row, is_new = _lock(cause, change, answer)
    if is_new:
        return record_first(cause, change, answer)
    current = row.facts()
    known = row.unpack_snapshots(current)
    if answer.is_answer:
        if row.fetched_at and answer.observed_at and row.fetched_at > answer.observed_at:
            return record(cause, change, Verdict.OLDER, OrderingReason.ANSWER, {})
        row.fetched_at = answer.observed_at
    resolution, changed = _update(row, change.order_rules, current, [answer, *known])
    return record_resolved(cause, change, answer, resolution, changed)


def _in_its_place(known: Sequence[Snapshot], snapshot: Snapshot) -> list[Snapshot]:
    """Return what is known, with a snapshot where it had been before; nothing once it is pruned.

    A re-run puts right what this code got wrong at first. It must never bring back what was true
    once, so it counts only as long as the snapshot does.
    """
    if all(one.event_id != snapshot.event_id for one in known):
        return []
    return [
        replace(snapshot, is_base=one.is_base, is_patchy=one.is_patchy, is_reserve=one.is_reserve)
        if one.event_id == snapshot.event_id
        else one
        for one in known
    ]


def _lock(cause: Cause, change: Change, snapshot: Snapshot) -> tuple[ProviderObject, bool]:
    """Return the object's row, locked, and whether this made it."""
    model = MODELS[change.object_type]
    key = {**cause.scope, "provider_id": change.provider_id}
    if row := row_statements.locked(model, key):
        return row, False
    fresh = model(
        **key,
        **change.facts(),
        snapshot_at=_moment(snapshot.at) if change.complete else None,
        snapshot_event_id=snapshot.event_id if change.complete else "",
        in_doubt=doubt_of_first(change.order_rules, snapshot) is not None,
        fetched_at=snapshot.observed_at if snapshot.is_answer else None,
    )
    fresh.pack_snapshots([snapshot])
    # Where another was faster, this fails, and whoever called begins anew.
    row_statements.insert(fresh)
    return fresh, True


def _update(
    row: ProviderObject, order: OrderRules, current: FactMap, snapshots: Sequence[Snapshot]
) -> tuple[Resolution, Differences]:
    """Save what holds by these snapshots, and return it with what of it is new."""
    resolution = resolve(order, current, snapshots)
    values = {name: _as_stored(row, name, value) for name, value in resolution.facts.items()}
    changed = differences(row, values)
    values = {name: values[name] for name in changed}
    values["in_doubt"] = resolution.in_doubt
    if latest := resolution.latest:
        values["snapshot_event_id"] = latest.event_id
        if latest.at is not None:
            values["snapshot_at"] = _moment(latest.at)
    before = {name: getattr(row, name) for name in (*values, "snapshots")}
    for name, value in values.items():
        setattr(row, name, value)
    # After the facts: each snapshot is stored as its differences from them.
    row.pack_snapshots(resolution.kept)
    # An event that teaches nothing costs no write.
    if to_save := [name for name, value in before.items() if getattr(row, name) != value]:
        row_statements.update(row, [*to_save, "fetched_at", "updated_at"])
    return resolution, changed


def _as_stored(row: ProviderObject, name: str, value: Any) -> Any:
    return row._meta.get_field(name).to_python(value)  # type: ignore[union-attr]


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
