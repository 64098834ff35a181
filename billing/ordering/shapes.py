"""Shapes: two versions of the provider's API tell the same state in different words.

Endpoints of several versions may share one URL, so the snapshots of one object may be of several
shapes. They can be compared on what all of them have words for, and on nothing else.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from typing import Any, Final

from billing.ordering.snapshots import FactMap, Snapshot

_PERIOD: Final = ("current_period_start", "current_period_end")
"""Facts that one shape has of a subscription as a whole, and another of each of its items."""

View = Callable[[FactMap], FactMap]
"""Leaves out the facts that cannot be compared."""


def shared_view(snapshots: Iterable[Snapshot]) -> View:
    """Return the view of facts on which these snapshots can be compared.

    It shows everything where they are of one shape.
    """
    # A deletion may leave all but the id out, and is told apart by itself.
    told = [one.facts for one in snapshots if not one.is_deleted]
    names = [facts.keys() for facts in told]
    shared = frozenset.intersection(*map(frozenset, names)) if names else frozenset()
    by_item = {_has_periods(facts["items"]) for facts in told if facts.get("items")}
    if len(by_item) < 2 and all(len(one) == len(shared) for one in names):
        return _whole
    hidden = _PERIOD if len(by_item) == 2 else ()

    def view(facts: FactMap) -> FactMap:
        if facts.get("deleted"):
            return facts
        return {
            name: _without_periods(value) if hidden and name == "items" else value
            for name, value in facts.items()
            if name in shared and name not in hidden
        }

    return view


def telling(names: Set[str], snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the snapshots that have a word for one of these facts, none of them partial."""
    found = [one for one in snapshots if not one.is_partial and one.facts.keys() & names]
    # A base only where nothing else has: it tells the same as one that is kept in reserve.
    return [one for one in found if not one.is_base] or found


def agree(one: Snapshot, other: Snapshot) -> bool:
    """True when two snapshots differ in nothing that both have words for."""
    shared = one.facts.keys() & other.facts.keys()
    return all(
        one.facts[name] == other.facts[name]
        or (name == "items" and _are_alike(one.facts[name], other.facts[name]))
        for name in shared
    )


def _are_alike(items: Any, others: Any) -> bool:
    return _has_periods(items) != _has_periods(others) and (
        _without_periods(items) == _without_periods(others)
    )


def _whole(facts: FactMap) -> FactMap:
    return facts


def _has_periods(items: Any) -> bool:
    return any(item.get(_PERIOD[1]) is not None for item in items)


def _without_periods(items: Any) -> list[dict[str, Any]]:
    return [{**item, _PERIOD[1]: None} for item in items]
