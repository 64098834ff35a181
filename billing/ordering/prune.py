"""The snapshots to keep: those that a late event may still have to be compared with."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from billing.order_rules import OrderRules
from billing.ordering.revisions import are_counted, newest_revision
from billing.ordering.rules import WINDOW_SECONDS, decide, is_set
from billing.ordering.shapes import telling
from billing.ordering.snapshots import Snapshot, by_clock

MOST_KEPT: Final = 32

_FAR_AHEAD: Final = 2**63


def prune(order: OrderRules, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the snapshots to keep: `MOST_KEPT` of each sort at most, and a base.

    Those much older than the newest are summed up in one, the base.
    """
    answer = next((one for one in snapshots if one.is_answer and not one.is_base), None)
    told = snapshots
    if answer is not None:
        # What had cast doubt will do so no more: that it was heard is kept.
        snapshots = [
            one for one in told if one is answer or one.casts_doubt or not answer.covers(one)
        ]
    whole = [one for one in snapshots if one.is_whole]
    oldest = _newest_second(whole) - WINDOW_SECONDS
    partial = [
        one
        for one in snapshots
        if one.is_partial and (one.at is None or one.at >= oldest or one is _last_doubt(snapshots))
    ]
    is_counted = are_counted(whole)
    recent = newest_revision(whole)[-MOST_KEPT:] if is_counted else condense(order, whole)
    return [*recent, *partial[-MOST_KEPT:], *_reserve(recent, told)]


def _last_doubt(snapshots: Sequence[Snapshot]) -> Snapshot | None:
    """Return the last that cast doubt: what made less of a number, whatever comes late."""
    return max((one for one in snapshots if one.casts_doubt), key=by_clock, default=None)


def _reserve(recent: Sequence[Snapshot], snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the last snapshots that have facts which none of the recent ones has a word for.

    Shapes differ between versions of the provider's API, and answers come in one of them only.
    """
    # A base stands for all that was made in its second, and for these facts that may be too few.
    said = {name for one in recent if not one.is_base for name in one.facts}
    known = {name for one in snapshots for name in one.facts if is_set(one.facts, name)}
    fuller = sorted(telling(known - said, snapshots), key=by_clock)
    oldest = _newest_second(fuller) - WINDOW_SECONDS
    last = [one for one in fuller if not one.is_answer and (one.at is None or one.at >= oldest)]
    return [
        replace(one, is_reserve=True, is_base=False, is_patchy=False) for one in last[-MOST_KEPT:]
    ]


def condense(order: OrderRules, snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the recent snapshots, with the older ones, if any, summed up as their base."""
    oldest = _newest_second(snapshots) - WINDOW_SECONDS
    if len(snapshots) <= MOST_KEPT and all(one.at is None or one.at >= oldest for one in snapshots):
        return list(snapshots)
    # Without a time a snapshot can't be called old, so it counts as the newest.
    in_order = sorted(snapshots, key=lambda one: one.at if one.at is not None else _FAR_AHEAD)
    recent = [one for one in in_order if one.at is None or one.at >= oldest][-MOST_KEPT:]
    old = in_order[: len(in_order) - len(recent)]
    # What a list that goes on leaves out is not summed up with the rest.
    goes_on = any(one.goes_on for one in old)
    return [replace(_base(order, old), goes_on=goes_on), *recent]


def _newest_second(snapshots: Sequence[Snapshot]) -> int:
    return max((one.at for one in snapshots if one.at is not None), default=0)


def _base(order: OrderRules, old: Sequence[Snapshot]) -> Snapshot:
    """Return one snapshot in place of old ones: the state that the recent ones set out from."""
    base = next((one for one in old if one.is_base), None)
    if base is None:
        return replace(decide(order, old).latest, is_base=True)
    # What came before the last base is gone. So of a snapshot from that time nothing more can be
    # told than whether its state is final.
    late = [one for one in old if one is not base and (one.at or 0) <= (base.at or 0)]
    latest = decide(order, [one for one in old if one not in late]).latest
    is_patchy = latest.is_patchy or (
        latest is base and any(one.at == base.at and one.facts != base.facts for one in late)
    )
    latest = next((one for one in late if _outranks(order, one, latest)), latest)
    return replace(latest, is_base=True, is_patchy=is_patchy)


def _outranks(order: OrderRules, one: Snapshot, other: Snapshot) -> bool:
    if one.is_deleted or other.is_deleted:
        return not other.is_deleted
    return order.lifecycle.has_left(other.status, one.status)
