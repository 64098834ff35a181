"""The one verb of this package: from an object's snapshots to the state that holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from billing.order_rules import OrderRules
from billing.ordering.latest import latest
from billing.ordering.merge import merge
from billing.ordering.prune import prune
from billing.ordering.reasons import OrderingReason
from billing.ordering.rules import Ruling
from billing.ordering.snapshots import FactMap, Snapshot, by_clock

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The state of an object as its snapshots tell it together.

    `facts` are to be stored, and `kept` are the snapshots to resolve again together with the next
    one. `latest` is the snapshot that came last, None where all are partial; `reason` says how it
    was told from the rest. `in_doubt`: events alone can't tell, or have told of a part only, so the
    provider must be asked.
    """

    facts: FactMap
    kept: list[Snapshot]
    latest: Snapshot | None
    reason: OrderingReason
    in_doubt: bool


def resolve(order: OrderRules, current: FactMap, snapshots: Sequence[Snapshot]) -> Resolution:
    """Return what holds of an object, by all its snapshots, in whatever order they are given.

    `order` is what tells the order of such an object's states, and `current` the facts that are
    stored of it, with every name that such an object can have. Pure: equal arguments have equal
    outcomes.
    """
    snapshots = _with_one_answer(snapshots)
    ruling = latest(order, snapshots)
    # Before pruning: what a snapshot adds must be in the facts before the snapshot goes.
    facts, in_doubt = merge(order, current, snapshots, ruling)
    is_abridged = _is_abridged(facts, snapshots)
    is_lacking = order.lacks(facts)
    return Resolution(
        facts=facts,
        kept=prune(order, snapshots),
        latest=ruling.latest if ruling else None,
        reason=_reason(None if is_lacking else ruling, in_doubt, is_abridged),
        in_doubt=in_doubt or ruling is None or is_abridged or is_lacking,
    )


def doubt_of_first(order: OrderRules, snapshot: Snapshot) -> OrderingReason | None:
    """Return why an object is in doubt of which this is all that is known; None if it is not."""
    if snapshot.is_partial or order.lacks(snapshot.facts):
        return OrderingReason.ONLY_NAMED
    if snapshot.casts_doubt:
        return OrderingReason.UNDECIDED
    return OrderingReason.ABRIDGED if _is_abridged(snapshot.facts, [snapshot]) else None


def _with_one_answer(snapshots: Sequence[Snapshot]) -> Sequence[Snapshot]:
    """Return the snapshots with the newest answer first, and without those that it replaces."""
    answers = [one for one in snapshots if one.is_answer]
    if len(answers) < 2:
        return snapshots
    newest = max(answers, key=lambda one: (one.observed_at or _LONG_AGO, by_clock(one)))
    return [newest, *(one for one in snapshots if not one.is_answer)]


def _reason(ruling: Ruling | None, in_doubt: bool, is_abridged: bool) -> OrderingReason:
    if ruling is None:
        return OrderingReason.ONLY_NAMED
    # The latest may be certain, and a partial snapshot contradict it.
    if in_doubt:
        return OrderingReason.UNDECIDED
    return OrderingReason.ABRIDGED if is_abridged else ruling.reason


def _is_abridged(facts: FactMap, snapshots: Sequence[Snapshot]) -> bool:
    answers = [one for one in snapshots if one.is_answer]
    # An answer has such a list to its end, whatever the events before it carried.
    return facts.get("abridged") is True or any(
        one.goes_on and (one.is_answer or not any(answer.covers(one) for answer in answers))
        for one in snapshots
    )
