"""The facts that hold of an object, once it is known which snapshot came last.

They are the latest snapshot's, with three corrections: what it has no word for comes from the
others, what is set once is not unset, and what only grows does not shrink.
"""

from collections.abc import Sequence

from billing.order_rules import OrderRules
from billing.ordering.rules import Ruling, decide, is_set, size
from billing.ordering.shapes import telling
from billing.ordering.snapshots import FactMap, Snapshot


def merge(
    order: OrderRules, current: FactMap, snapshots: Sequence[Snapshot], ruling: Ruling | None
) -> tuple[FactMap, bool]:
    """Return the facts that hold, and whether they are in doubt.

    `current` is what is stored. Without a ruling it counts as the latest.
    """
    last = ruling.latest if ruling else _snapshot_of(current)
    answers = [one for one in snapshots if one.is_answer]
    since = [one for one in snapshots if not _is_covered(one, answers, snapshots)]
    partial = [one for one in since if one.is_partial]
    facts = {**current, **last.facts, "deleted": last.is_deleted}
    # The provider's answer has taken account of everything whole, and so has the last that it
    # counts: only partial ones add to these.
    is_certain = last.is_answer or last.revision is not None
    evidence = partial if is_certain else since
    known = [one.facts for one in evidence] + ([] if is_certain else [current])
    is_open = ruling is not None and _fill_in(order, facts, snapshots, ruling)
    for name in order.set_once:
        _keep_set(facts, name, known)
    shrunk = []
    for name in order.monotonic:
        proof = _since_return(order, name, last, evidence)
        most = [one.facts for one in proof] if proof is not evidence else known
        shrunk.append(_keep_most(facts, name, most, last, proof))
    return facts, any(
        [
            ruling is not None and ruling.in_doubt,
            is_open,
            *shrunk,
            *(_contradicts(one, facts, last) for one in partial),
        ]
    )


def _is_covered(one: Snapshot, answers: Sequence[Snapshot], snapshots: Sequence[Snapshot]) -> bool:
    """True when an answer includes what this tells, whichever event had told of it first."""
    # A refund fails once, and several events say so.
    alike = [
        other for other in snapshots if one.casts_doubt and other.casts_doubt == one.casts_doubt
    ]
    return any(answer.covers(other) for answer in answers for other in [one, *alike])


def _fill_in(
    order: OrderRules, facts: FactMap, snapshots: Sequence[Snapshot], ruling: Ruling
) -> bool:
    """Add what the latest has no word for, as shapes differ; return whether that is in doubt."""
    missing = facts.keys() - ruling.latest.facts.keys() - {"deleted"}
    fuller = telling(missing, snapshots)
    # The rules know the latest of these better than the clock does, which has whole seconds.
    best = decide(order, fuller) if fuller else ruling
    newest = max((one.at or 0 for one in fuller), default=0)
    agreeing = {id(one) for one in ruling.agreeing}
    for one in sorted(
        snapshots,
        key=lambda one: (
            newest if one is best.latest else one.at or 0,
            id(one) in agreeing,
            one is best.latest,
            one.event_id,
        ),
    ):
        facts |= {name: one.facts[name] for name in missing if is_set(one.facts, name)}
    rivals = [one for one in fuller if one.at == best.latest.at]
    is_told = not best.in_doubt or any(id(one) in agreeing for one in rivals)
    return not is_told and any(
        is_set(one.facts, name) and one.facts[name] != facts[name]
        for one in rivals
        for name in missing
    )


def _snapshot_of(current: FactMap) -> Snapshot:
    return Snapshot(event_id="", at=None, facts=current)


def _keep_set(facts: FactMap, name: str, known: Sequence[FactMap]) -> None:
    if not is_set(facts, name):
        values = [one[name] for one in known if is_set(one, name)]
        # Any rule that does not go by the order of arrival would do.
        facts[name] = max(values, default=facts.get(name), key=str)


def _since_return(
    order: OrderRules, name: str, last: Snapshot, evidence: Sequence[Snapshot]
) -> Sequence[Snapshot]:
    """Return the evidence that is not older than the last change that made less of a number."""
    returns = [one.at or 0 for one in evidence if one.casts_doubt and one.is_older_than(last)]
    if not returns or name not in order.returnable:
        return evidence
    return [one for one in evidence if one.at is None or one.at >= max(returns)]


def _keep_most(
    facts: FactMap,
    name: str,
    known: Sequence[FactMap],
    last: Snapshot,
    evidence: Sequence[Snapshot],
) -> bool:
    """Put back what had grown to more; return whether that contradicts the latest snapshot."""
    most = max((one[name] for one in known if one.get(name) is not None), default=None)
    if most is None or size(facts[name]) >= most or _has_decrease(name, evidence):
        return False
    facts[name] = most
    return not any(one.facts.get(name) == most and not one.is_older_than(last) for one in evidence)


def _contradicts(partial: Snapshot, facts: FactMap, last: Snapshot) -> bool:
    # A whole snapshot made later has taken account of it, and nothing follows a deletion.
    if partial.is_older_than(last) or last.is_deleted:
        return False
    return bool(partial.casts_doubt) or any(
        facts[name] != partial.facts[name] for name in partial.facts if is_set(partial.facts, name)
    )


def _has_decrease(name: str, snapshots: Sequence[Snapshot]) -> bool:
    """True when an update says in so many words that it made less of this."""
    return any(
        one.before is not None and size(one.before.get(name)) > size(one.facts.get(name))
        for one in snapshots
    )
