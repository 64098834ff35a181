"""Brings billing state up to date with what is said of it. The only place that locks its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.models import QuerySet

from billing.changes import Change
from billing.models import MODELS, BillingChange, ProviderObject
from billing.models.base import Scope
from billing.ordering.latest import latest, prune
from billing.ordering.merge import merge
from billing.ordering.rules import Reason, Ruling
from billing.ordering.snapshots import Facts, Snapshot, facts_of, pack, plain, unpack
from webhooks import row_statements
from webhooks.events import Event

Verdict = BillingChange.Verdict
Source = BillingChange.Source
Differences = dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Cause:
    """What made us store something, for the history."""

    scope: Scope
    source: BillingChange.Source
    event_id: str = ""
    event_type: str = ""


def caused_by(event: Event, source: BillingChange.Source = Source.EVENT) -> Cause:
    """An event as the cause of what is stored."""
    scope = Scope(provider=event.provider, account=event.account, livemode=event.livemode)
    return Cause(scope, source, event.id, event.type)


def apply_all(event: Event, changes: Iterable[Change]) -> list[BillingChange]:
    """Apply what an event says, and return what was written to the history.

    Must run in a transaction. Objects are locked in one order, by type and id, so that events
    that touch the same ones wait for each other and never in a circle. Raises `IntegrityError`
    when another has just been the first to tell of an object: begin anew.
    """
    in_order = sorted(changes, key=lambda change: (change.object_type, change.provider_id))
    return [made for change in in_order if (made := apply(event, change))]


def apply(event: Event, change: Change) -> BillingChange | None:
    """Apply what an event says of one object, and return what was written to the history.

    None when the event had had its say on the object before. It is heard again only as long as
    what it said is still of weight: a re-run puts right what this code got wrong at first, and
    never brings back what was true once. Must run in a transaction.
    """
    cause, snapshot = caused_by(event), _statement(event, change)
    row, is_new = _lock(cause, change, snapshot)
    if is_new:
        differences = _differences(_blank(type(row)), change.facts())
        if change.casts_doubt:
            return _record(cause, change, Verdict.UNDECIDABLE, Reason.UNDECIDED, differences)
        return _record(cause, change, Verdict.APPLIED, Reason.FIRST_HEARD, differences)
    current = current_facts(row, change)
    known = unpack(row.snapshots, current)
    had_its_say = not event.is_first_attempt and _history(event, change).exists()
    snapshots = _say_again(known, snapshot) if had_its_say else [*known, snapshot]
    if not snapshots:
        return None
    ruling = latest(change.object_type, snapshots)
    facts, in_doubt = merge(change.object_type, current, snapshots, ruling)
    kept = prune(change.object_type, snapshots)
    differences = _store(row, facts, change, kept, ruling, in_doubt=in_doubt)
    if had_its_say and not differences:
        return None
    verdict = _verdict(differences, in_doubt, ruling, snapshot)
    return _record(cause, change, verdict, _reason(in_doubt, ruling, snapshot), differences)


def apply_answer(change: Change, answer: Snapshot, cause: Cause) -> BillingChange:
    """Store what the provider answered when it was asked for an object, whatever events said.

    Only what may tell of later is weighed against it; an answer to a question that was asked
    before another was answered comes too late. Must run in a transaction.
    """
    row, is_new = _lock(cause, change, answer)
    if is_new:
        differences = _differences(_blank(type(row)), change.facts())
        return _record(cause, change, Verdict.APPLIED, Reason.ANSWER, differences)
    if row.fetched_at and answer.heard_at and row.fetched_at > answer.heard_at:
        return _record(cause, change, Verdict.OLDER, Reason.ANSWER, {})
    current = current_facts(row, change)
    known = [one for one in unpack(row.snapshots, current) if not one.is_answer]
    snapshots = [answer, *known]
    ruling = latest(change.object_type, snapshots)
    facts, in_doubt = merge(change.object_type, current, snapshots, ruling)
    row.fetched_at = answer.heard_at
    differences = _store(
        row, facts, change, prune(change.object_type, snapshots), ruling, in_doubt=in_doubt
    )
    verdict = _verdict(differences, in_doubt, ruling, answer)
    reason = Reason.UNDECIDED if in_doubt else Reason.ANSWER
    return _record(cause, change, verdict, reason, differences)


def current_facts(row: ProviderObject, change: Change) -> dict[str, Any]:
    """What is stored of an object, as snapshots have it. The change is any of the object's."""
    facts = {name: plain(getattr(row, name)) for name in change.names()}
    if not row.deleted:
        del facts["deleted"]
    return facts


def _statement(event: Event, change: Change) -> Snapshot:
    before = change.before
    return Snapshot(
        event_id=event.id,
        at=int(event.created_at.timestamp()) if event.created_at else None,
        said=facts_of(change),
        before=None if before is None else {name: plain(value) for name, value in before.items()},
        is_first=change.is_first,
        is_partial=not change.complete,
        casts_doubt=change.casts_doubt,
        heard_at=event.received_at,
    )


def _say_again(known: list[Snapshot], snapshot: Snapshot) -> list[Snapshot]:
    """What is known, with a snapshot in the place that it had; nothing if it has none any more."""
    is_its_own = [one.event_id == snapshot.event_id and not one.is_answer for one in known]
    if not any(is_its_own):
        return []
    return [
        replace(snapshot, is_base=one.is_base) if own else one
        for one, own in zip(known, is_its_own, strict=True)
    ]


def _lock(cause: Cause, change: Change, snapshot: Snapshot) -> tuple[ProviderObject, bool]:
    """The object's row, locked, and whether this brought it into being."""
    model = MODELS[change.object_type]
    key = {**cause.scope, "provider_id": change.provider_id}
    if row := row_statements.locked(model, key):
        return row, False
    current = current_facts(_blank(model), change) | facts_of(change)
    fresh = model(
        **key,
        **change.facts(),
        snapshot_at=_moment(snapshot.at) if change.complete else None,
        snapshot_event_id=snapshot.event_id if change.complete else "",
        snapshots=pack([snapshot], current),
        in_doubt=change.casts_doubt,
        fetched_at=snapshot.heard_at if snapshot.is_answer else None,
    )
    # Where another was faster, this fails, and whoever called begins anew.
    row_statements.insert(fresh)
    return fresh, True


@cache
def _blank(model: type[ProviderObject]) -> ProviderObject:
    """An object of which nothing is known; not to be changed."""
    return model()


def _history(event: Event, change: Change) -> QuerySet[BillingChange]:
    """What is on record of what this event said of the object.

    Only the event's own processing, of which there is one at a time, writes it.
    """
    return BillingChange.objects.filter(
        event_id=event.id,
        provider=event.provider,
        object_type=change.object_type,
        provider_id=change.provider_id,
        source=Source.EVENT,
    )


def _store(
    row: ProviderObject,
    facts: Facts,
    change: Change,
    snapshots: Iterable[Snapshot],
    ruling: Ruling | None,
    *,
    in_doubt: bool,
) -> Differences:
    """Save what holds now, and return what of it is new."""
    values = {name: _as_stored(row, name, value) for name, value in facts.items()}
    differences = _differences(row, values)
    values = {name: values[name] for name in differences}
    values["in_doubt"] = in_doubt
    if ruling:
        values["snapshot_event_id"] = ruling.last.event_id
    if ruling and ruling.last.at is not None:
        values["snapshot_at"] = _moment(ruling.last.at)
    before = {name: getattr(row, name) for name in (*values, "snapshots")}
    for name, value in values.items():
        setattr(row, name, value)
    row.snapshots = pack(snapshots, current_facts(row, change))
    changed = [name for name, value in before.items() if getattr(row, name) != value]
    if changed:
        row_statements.update(row, [*changed, "fetched_at", "updated_at"])
    return differences


def _as_stored(row: ProviderObject, name: str, value: Any) -> Any:
    return row._meta.get_field(name).to_python(value)  # type: ignore[union-attr]


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _differences(row: ProviderObject, facts: Mapping[str, Any]) -> Differences:
    """Per field that is not as the facts say: from what, to what."""
    return {
        name: [plain(getattr(row, name)), plain(value)]
        for name, value in facts.items()
        if getattr(row, name) != value
    }


def _verdict(
    differences: Differences, in_doubt: bool, ruling: Ruling | None, snapshot: Snapshot
) -> BillingChange.Verdict:
    if in_doubt:
        return Verdict.UNDECIDABLE
    if differences:
        return Verdict.APPLIED
    is_old = ruling is not None and ruling.last.said != snapshot.said
    return Verdict.OLDER if is_old and not snapshot.is_partial else Verdict.UNCHANGED


def _reason(in_doubt: bool, ruling: Ruling | None, snapshot: Snapshot) -> BillingChange.Reason:
    if in_doubt:
        return Reason.UNDECIDED
    return Reason.ADDED if ruling is None or snapshot.is_partial else ruling.reason


def _record(
    cause: Cause,
    change: Change,
    verdict: BillingChange.Verdict,
    reason: BillingChange.Reason,
    differences: Differences,
) -> BillingChange:
    made = BillingChange(
        **cause.scope,
        event_id=cause.event_id,
        event_type=cause.event_type,
        object_type=change.object_type,
        provider_id=change.provider_id,
        source=cause.source,
        verdict=verdict,
        reason=reason,
        fields=differences,
    )
    row_statements.insert(made)
    return made
