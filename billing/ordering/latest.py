"""The latest of an object's snapshots, whatever order they arrived in."""

from collections.abc import Sequence
from dataclasses import replace

from billing.order_rules import OrderRules
from billing.ordering.prune import condense
from billing.ordering.reasons import OrderingReason
from billing.ordering.revisions import are_counted, newest_revision
from billing.ordering.rules import Ruling, decide
from billing.ordering.shapes import agree
from billing.ordering.snapshots import Snapshot, by_clock


def latest(order: OrderRules, snapshots: Sequence[Snapshot]) -> Ruling | None:
    """Return the ruling on which snapshot of an object came last; None if all are partial.

    `order` is what tells the order of such an object's states. The order in which snapshots are
    given makes no difference. In doubt one is chosen all the same, always the same one.
    """
    whole = [one for one in snapshots if one.is_whole]
    if are_counted(whole):
        return _latest_revision(order, whole)
    answer = next((one for one in whole if one.is_answer), None)
    if answer is not None:
        return _latest_since(answer, order, whole)
    return decide(order, condense(order, whole)) if whole else None


def _latest_revision(order: OrderRules, snapshots: Sequence[Snapshot]) -> Ruling:
    """Return the ruling where the provider counts the object's changes: no other rule is better."""
    newest = newest_revision(snapshots)
    answer = next((one for one in newest if one.is_answer), None)
    if answer is not None:
        return Ruling(answer, OrderingReason.ANSWER, in_doubt=False, agreeing=tuple(newest))
    if not all(agree(newest[0], one) for one in newest):
        return decide(order, newest)
    last = max(newest, key=lambda one: (len(one.facts), *by_clock(one)))
    return Ruling(last, OrderingReason.REVISION, in_doubt=False, agreeing=tuple(newest))


def _latest_since(answer: Snapshot, order: OrderRules, snapshots: Sequence[Snapshot]) -> Ruling:
    """Return the ruling where the provider was asked: its answer, unless something came later."""
    others = [one for one in snapshots if one is not answer and not answer.covers(one)]
    later = [one for one in others if one.is_deleted or (one.at or 0) > (answer.at or 0)]
    # Made in the very seconds of the answer, so it may be in it already or not. That matters only
    # where the two differ.
    unclear = [one for one in others if one not in later and not agree(one, answer)]
    if later:
        # What is later set out from the answer, whose own clock must not decide against it.
        ruling = decide(order, condense(order, [replace(answer, is_base=True), *later]))
        return replace(ruling, in_doubt=ruling.in_doubt or bool(unclear))
    reason = OrderingReason.UNDECIDED if unclear else OrderingReason.ANSWER
    return Ruling(answer, reason, in_doubt=bool(unclear))
