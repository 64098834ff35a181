"""Brings billing state up to date with what is said of it. The only place that locks its rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.models import QuerySet

from billing.changes import Change
from billing.conclusions import conclude
from billing.models import MODELS, BillingChange, ProviderObject
from billing.models.base import Scope
from billing.ordering import keep, weigh
from billing.statements import Facts, Statement, facts_of, pack, plain, unpack
from billing.witnesses import Reason, Standing
from webhooks import rows
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
    cause, statement = caused_by(event), _statement(event, change)
    row, is_new = _lock(cause, change, statement)
    if is_new:
        differences = _differences(_blank(type(row)), change.facts())
        if change.casts_doubt:
            return _record(cause, change, Verdict.UNDECIDABLE, Reason.NO_WITNESS, differences)
        return _record(cause, change, Verdict.APPLIED, Reason.FIRST_HEARD, differences)
    current = current_facts(row, change)
    known = unpack(row.statements, current)
    had_its_say = not event.is_first_attempt and _history(event, change).exists()
    statements = _say_again(known, statement) if had_its_say else [*known, statement]
    if not statements:
        return None
    standing = weigh(change.object_type, statements)
    facts, in_doubt = conclude(change.object_type, current, statements, standing)
    kept = keep(change.object_type, statements)
    differences = _store(row, facts, change, kept, standing, in_doubt=in_doubt)
    if had_its_say and not differences:
        return None
    verdict = _verdict(differences, in_doubt, standing, statement)
    return _record(cause, change, verdict, _reason(in_doubt, standing, statement), differences)


def apply_answer(change: Change, answer: Statement, cause: Cause) -> BillingChange:
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
    known = [one for one in unpack(row.statements, current) if not one.is_answer]
    statements = [answer, *known]
    standing = weigh(change.object_type, statements)
    facts, in_doubt = conclude(change.object_type, current, statements, standing)
    row.fetched_at = answer.heard_at
    differences = _store(
        row, facts, change, keep(change.object_type, statements), standing, in_doubt=in_doubt
    )
    verdict = _verdict(differences, in_doubt, standing, answer)
    reason = Reason.NO_WITNESS if in_doubt else Reason.ANSWER
    return _record(cause, change, verdict, reason, differences)


def current_facts(row: ProviderObject, change: Change) -> dict[str, Any]:
    """What is stored of an object, as statements have it. The change is any of the object's."""
    facts = {name: plain(getattr(row, name)) for name in change.names()}
    if not row.deleted:
        del facts["deleted"]
    return facts


def _statement(event: Event, change: Change) -> Statement:
    before = change.before
    return Statement(
        event_id=event.id,
        at=int(event.created_at.timestamp()) if event.created_at else None,
        said=facts_of(change),
        before=None if before is None else {name: plain(value) for name, value in before.items()},
        is_first=change.is_first,
        is_partial=not change.complete,
        casts_doubt=change.casts_doubt,
        heard_at=event.received_at,
    )


def _say_again(known: list[Statement], statement: Statement) -> list[Statement]:
    """What is known, with a statement in the place that it had; nothing if it has none any more."""
    is_its_own = [one.event_id == statement.event_id and not one.is_answer for one in known]
    if not any(is_its_own):
        return []
    return [
        replace(statement, is_base=one.is_base) if own else one
        for one, own in zip(known, is_its_own, strict=True)
    ]


def _lock(cause: Cause, change: Change, statement: Statement) -> tuple[ProviderObject, bool]:
    """The object's row, locked, and whether this brought it into being."""
    model = MODELS[change.object_type]
    key = {**cause.scope, "provider_id": change.provider_id}
    if row := rows.locked(model, key):
        return row, False
    current = current_facts(_blank(model), change) | facts_of(change)
    fresh = model(
        **key,
        **change.facts(),
        snapshot_at=_moment(statement.at) if change.complete else None,
        snapshot_event_id=statement.event_id if change.complete else "",
        statements=pack([statement], current),
        in_doubt=change.casts_doubt,
        fetched_at=statement.heard_at if statement.is_answer else None,
    )
    # Where another was faster, this fails, and whoever called begins anew.
    rows.insert(fresh)
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
    statements: Iterable[Statement],
    standing: Standing | None,
    *,
    in_doubt: bool,
) -> Differences:
    """Save what holds now, and return what of it is new."""
    values = {name: _as_stored(row, name, value) for name, value in facts.items()}
    differences = _differences(row, values)
    values = {name: values[name] for name in differences}
    values["in_doubt"] = in_doubt
    if standing:
        values["snapshot_event_id"] = standing.last.event_id
    if standing and standing.last.at is not None:
        values["snapshot_at"] = _moment(standing.last.at)
    before = {name: getattr(row, name) for name in (*values, "statements")}
    for name, value in values.items():
        setattr(row, name, value)
    row.statements = pack(statements, current_facts(row, change))
    changed = [name for name, value in before.items() if getattr(row, name) != value]
    if changed:
        rows.update(row, [*changed, "fetched_at", "updated_at"])
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
    differences: Differences, in_doubt: bool, standing: Standing | None, statement: Statement
) -> BillingChange.Verdict:
    if in_doubt:
        return Verdict.UNDECIDABLE
    if differences:
        return Verdict.APPLIED
    is_old = standing is not None and standing.last.said != statement.said
    return Verdict.OLDER if is_old and not statement.is_partial else Verdict.UNCHANGED


def _reason(
    in_doubt: bool, standing: Standing | None, statement: Statement
) -> BillingChange.Reason:
    if in_doubt:
        return Reason.NO_WITNESS
    return Reason.ADDED if standing is None or statement.is_partial else standing.reason


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
    rows.insert(made)
    return made
