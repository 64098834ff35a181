"""The latest of an object's snapshots, whatever order they arrived in."""

from collections.abc import Sequence
from dataclasses import replace

from billing.ordering.prune import condense
from billing.ordering.reasons import OrderingReason
from billing.ordering.rules import Ruling, decide
from billing.ordering.shapes import agree
from billing.ordering.snapshots import Snapshot


def latest(kind: str, snapshots: Sequence[Snapshot]) -> Ruling | None:
    """Return the ruling on which snapshot of an object came last; None if all are partial.

    `kind` is the object's type. The order in which snapshots are given makes no difference. In
    doubt one is chosen all the same, always the same one.
    """
    whole = [one for one in snapshots if one.is_whole]
    answer = next((one for one in whole if one.is_answer), None)
    if answer is not None:
        return _latest_since(answer, kind, whole)
    return decide(kind, condense(kind, whole)) if whole else None


def _latest_since(answer: Snapshot, kind: str, snapshots: Sequence[Snapshot]) -> Ruling:
    """Return the ruling where the provider was asked: its answer, unless something came later."""
    others = [one for one in snapshots if one is not answer and not answer.covers(one)]
    later = [one for one in others if one.is_deleted or (one.at or 0) > (answer.at or 0)]
    # Made in the very seconds of the answer, so it may be in it already or not. That matters only
    # where the two differ.
    unclear = [one for one in others if one not in later and not agree(one, answer)]
    if later:
        # What is later set out from the answer, whose own clock must not decide against it.
        ruling = decide(kind, condense(kind, [replace(answer, is_base=True), *later]))
        return replace(ruling, in_doubt=ruling.in_doubt or bool(unclear))
    reason = OrderingReason.UNDECIDED if unclear else OrderingReason.ANSWER
    return Ruling(answer, reason, in_doubt=bool(unclear))
