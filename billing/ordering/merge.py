"""What holds of an object, once it is known what came last."""

from collections.abc import Sequence

from billing.ordering.latest import beyond
from billing.ordering.lifecycles import MONOTONIC, SET_ONCE, UNSET
from billing.ordering.rules import Ruling, judge, size
from billing.ordering.snapshots import Facts, Snapshot, by_clock


def merge(
    kind: str, current: Facts, snapshots: Sequence[Snapshot], ruling: Ruling | None
) -> tuple[Facts, bool]:
    """The facts that hold, and whether they are in doubt.

    They are those of the snapshot that counts, less what would take back what cannot be, and
    with what partial snapshots add.
    """
    last = ruling.last if ruling else _nothing(current)
    answers = [one for one in snapshots if one.is_answer]
    partial = [
        one for one in snapshots if one.is_partial and not any(a.covers(one) for a in answers)
    ]
    facts = {**current, **last.said, "deleted": bool(last.said.get("deleted"))}
    witnesses = partial if last.is_answer else snapshots
    said = [one.said for one in witnesses] + ([] if last.is_answer else [current])
    for one in _from_least_to_most(kind, snapshots, answers):
        # Shapes differ: what the last has no word for is known from another.
        facts |= {
            name: value
            for name, value in one.said.items()
            if name not in last.said and name != "deleted" and value not in UNSET
        }
    for name in SET_ONCE.get(kind, ()):
        _come_about(facts, name, said)
    shrunk = [_regrow(facts, name, said, last, witnesses) for name in MONOTONIC.get(kind, ())]
    return facts, any(
        [
            ruling is not None and ruling.in_doubt,
            *shrunk,
            *(_is_at_odds(one, facts, last) for one in partial),
        ]
    )


def _from_least_to_most(
    kind: str, snapshots: Sequence[Snapshot], answers: Sequence[Snapshot]
) -> list[Snapshot]:
    """Statements by how much they are to be believed of what the last does not tell."""
    in_order = sorted(snapshots, key=by_clock)
    wordier = beyond(answers[0], snapshots) if answers else []
    return [*in_order, judge(kind, wordier).last] if wordier else in_order


def _nothing(current: Facts) -> Snapshot:
    return Snapshot(event_id="", at=None, said=current)


def _come_about(facts: Facts, name: str, said: Sequence[Facts]) -> None:
    if facts.get(name) in UNSET:
        values = [one[name] for one in said if one.get(name) not in UNSET]
        facts[name] = max(values, default=facts.get(name), key=str)


def _regrow(
    facts: Facts, name: str, said: Sequence[Facts], last: Snapshot, witnesses: Sequence[Snapshot]
) -> bool:
    """Keep what had grown; whether that contradicts what counts."""
    most = max((one[name] for one in said if one.get(name) is not None), default=None)
    if most is None or size(facts[name]) >= most or _is_told(name, witnesses):
        return False
    facts[name] = most
    return not any(one.said.get(name) == most and not one.is_older_than(last) for one in witnesses)


def _is_at_odds(partial: Snapshot, facts: Facts, last: Snapshot) -> bool:
    if partial.is_older_than(last):
        return False
    return partial.casts_doubt or any(
        facts[name] != value for name, value in partial.said.items() if value not in UNSET
    )


def _is_told(name: str, snapshots: Sequence[Snapshot]) -> bool:
    """Whether an event says in so many words that it made less of this."""
    return any(
        one.before is not None and size(one.before.get(name)) > size(one.said.get(name))
        for one in snapshots
    )
