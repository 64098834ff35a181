"""The graph that an object's snapshots make: states as nodes, updates as edges between them.

Stripe's updates tell what the object was like before (`previous_attributes`). So each one is an
edge from the state that it found to the state that it left, whatever order the updates arrived
in. Where no edge leads on, the object may have ended: those states are the graph's sinks.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from billing.ordering.shapes import View, agree, shared_view
from billing.ordering.snapshots import FactMap, Snapshot, by_clock


@dataclass(frozen=True, slots=True)
class Sink:
    """A state that the object may have ended in.

    `snapshots` are those that describe it. `cycle` holds the states that lead round to one another
    with this one among them; only this one where none do. `has_beginning` tells that a path leads
    here from a snapshot that began the object, or from a base; `base_at` is that base's second, by
    the provider's clock, None where the path begins with the object itself. `rivals` are snapshots
    of the same second which may have come after these, if an update is missing.
    """

    snapshots: tuple[Snapshot, ...]
    cycle: frozenset[str]
    has_beginning: bool
    base_at: int | None
    rivals: tuple[Snapshot, ...]

    @property
    def latest(self) -> Snapshot:
        """The snapshot to name, of those that agree on the state."""
        return max(self.snapshots, key=by_clock)

    @property
    def is_mixed(self) -> bool:
        """True when its last snapshots differ in what other shapes have no word for."""
        second = self.latest.at
        last = [one for one in self.snapshots if one.at == second]
        return any(not agree(one, other) for one, other in combinations(last, 2))


@dataclass(slots=True)
class _Graph:
    """States by their keys. `surplus` is how much oftener a state was entered than left, and `left`
    has the updates that led out of it."""

    view: View
    edges: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    repeated: set[str] = field(default_factory=set)
    left: defaultdict[str, list[Snapshot]] = field(default_factory=lambda: defaultdict(list))
    surplus: Counter[str] = field(default_factory=Counter)
    snapshots: defaultdict[str, list[Snapshot]] = field(default_factory=lambda: defaultdict(list))
    beginnings: dict[str, Snapshot] = field(default_factory=dict)


def find_sinks(snapshots: Sequence[Snapshot]) -> list[Sink]:
    """Return the states that the object may have ended in.

    It is one where the updates leave no gap, and several where one is missing.
    """
    graph = _Graph(shared_view(snapshots))
    for snapshot in snapshots:
        _add(graph, snapshot)
    reach = {state: _reachable(graph.edges, state) for state in {*graph.snapshots, *graph.edges}}
    return [
        _sink(graph, reach, state, cycle)
        for cycle in _terminal_cycles(reach)
        for state in _exits(graph, cycle)
    ]


def _add(graph: _Graph, snapshot: Snapshot) -> None:
    after = _key(graph.view(snapshot.facts))
    graph.snapshots[after].append(snapshot)
    # A patchy base may stand for states that updates led out of: its place in a path is unknown.
    if snapshot.is_patchy:
        return
    if snapshot.is_first or snapshot.is_base:
        graph.beginnings[after] = snapshot
        # The object came to be in this state, which counts as entering it once.
        graph.surplus[after] += 1
    elif snapshot.before is not None:
        before = _key(graph.view({**snapshot.facts, **snapshot.before}))
        # It changed only what is not kept here, so it leads from a state to itself.
        if before == after:
            return
        if after in graph.edges[before]:
            graph.repeated |= {after, before}
        graph.edges[before].add(after)
        graph.left[before].append(snapshot)
        graph.surplus[before] -= 1
        graph.surplus[after] += 1


def _key(facts: FactMap) -> str:
    """Return the same text for the same state."""
    return json.dumps(facts, sort_keys=True)


def _reachable(edges: Mapping[str, set[str]], start: str) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        new = edges.get(ahead.pop(), set()) - found
        found |= new
        ahead.extend(new)
    return found


def _terminal_cycles(reach: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Return the strongly connected components with no edge out of them; most are one state."""
    return {
        frozenset(onward)
        for state, onward in reach.items()
        if all(state in reach[other] for other in onward)
    }


def _exits(graph: _Graph, cycle: frozenset[str]) -> Iterable[str]:
    """Return the states of a cycle that the object may have stopped in."""
    # A walk along the edges stops in the one state that it entered once oftener than it left.
    exits = [state for state in cycle if graph.surplus[state] > 0]
    # Two events may tell of one and the same update, and then the counts prove nothing.
    is_clear = len(exits) == 1 and not (len(cycle) > 1 and cycle & graph.repeated)
    return exits if is_clear else cycle


def _sink(graph: _Graph, reach: Mapping[str, set[str]], state: str, cycle: frozenset[str]) -> Sink:
    beginnings = [first for begun, first in graph.beginnings.items() if state in reach[begun]]
    return Sink(
        tuple(graph.snapshots[state]),
        cycle,
        bool(beginnings),
        min((one.at for one in beginnings if one.is_base and one.at is not None), default=None),
        tuple(_rivals(graph, state, cycle)),
    )


def _rivals(graph: _Graph, sink: str, cycle: frozenset[str]) -> Iterable[Snapshot]:
    second = max(graph.snapshots[sink], key=by_clock).at
    # Where the object has come back to a state, with one update more it has left it again.
    went_round = len(cycle) > 1 or graph.surplus[sink] > 1
    went_round |= second is not None and _has_gap(graph, second)
    for state, snapshots in graph.snapshots.items():
        # Left, but more often entered: what led in once more may be what came last.
        was_reentered = bool(graph.edges.get(state)) and graph.surplus[state] > 0
        is_back = _is_back(snapshots, second)
        if state != sink and (went_round or was_reentered or is_back):
            yield from (one for one in snapshots if one.at == second and _is_update(one))


def _has_gap(graph: _Graph, second: int) -> bool:
    """True when an update that led back to a state within this second is missing.

    Nothing tells of it but that the state was left oftener than it was entered; or, of a state that
    nothing else tells of, that it was left for what was there before.
    """
    told = [one for snapshots in graph.snapshots.values() for one in snapshots]
    before = max((one for one in told if (one.at or 0) < second), key=by_clock, default=None)
    return any(
        # That it came to be so for the first time, no update may have told.
        graph.surplus[state] < (0 if state in graph.beginnings else -1)
        or (state not in graph.snapshots and before and _takes_back(one, before))
        for state, left in graph.left.items()
        for one in left
        if one.at == second
    )


def _takes_back(update: Snapshot, before: Snapshot) -> bool:
    """True of an update after which what it changed is as in this older snapshot."""
    changed = update.before or {}
    return all(before.facts.get(name) == update.facts.get(name) for name in changed)


def _is_back(snapshots: Sequence[Snapshot], second: int | None) -> bool:
    """True of a state that is told of in this second and was entered before it, by all updates."""
    entered = [one.at or 0 for one in snapshots if one.before is not None or not _is_update(one)]
    return second is not None and bool(entered) and max(entered) < second


def _is_update(snapshot: Snapshot) -> bool:
    return not (snapshot.is_first or snapshot.is_base)
