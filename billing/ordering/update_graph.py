"""The trail that snapshots of one object make: each update leads from one state to another.

Stripe tells with an update what the object was like before. So the updates are the steps of a
walk, whatever order they came in, and the walk sinks where no further step leads. Where it goes
round, the end is the state that was entered more often than it was left.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from billing.ordering.snapshots import Snapshot, state_key


@dataclass(frozen=True, slots=True)
class Sink:
    """A state where the walk, or a piece of it, may have ended.

    `snapshots` are those that say so. `around` is the states that the walk went round through,
    this one among them. `from_beginning` tells that its piece is the one that the
    walk began with; `began_at` is the second of the base that it began with, by the provider's
    clock, None where it began with the object itself.
    """

    snapshots: tuple[Snapshot, ...]
    around: frozenset[str]
    from_beginning: bool
    began_at: int | None

    @property
    def latest(self) -> Snapshot:
        """The one to name of those that agree."""
        return max(self.snapshots, key=lambda one: (one.at or 0, one.event_id))


@dataclass(slots=True)
class _Walk:
    steps: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    repeated: set[str] = field(default_factory=set)
    balance: Counter[str] = field(default_factory=Counter)
    seen: defaultdict[str, list[Snapshot]] = field(default_factory=lambda: defaultdict(list))
    beginnings: dict[str, Snapshot] = field(default_factory=dict)


def find_sinks(snapshots: Sequence[Snapshot]) -> list[Sink]:
    """Where the walk may have ended: one place, when the snapshots leave no gap or doubt."""
    walk = _Walk()
    for one in snapshots:
        _follow(walk, one)
    reach = {state: _reachable(walk.steps, state) for state in {*walk.seen, *walk.steps}}
    return [
        _end(walk, reach, state, around)
        for around in _last_rounds(reach)
        for state in _stops(walk, around)
    ]


def _follow(walk: _Walk, one: Snapshot) -> None:
    here = state_key(one.said)
    walk.seen[here].append(one)
    if one.is_patchy:
        return
    if one.is_first or one.is_base:
        walk.beginnings[here] = one
        walk.balance[here] += 1
    elif one.before is not None:
        there = state_key({**one.said, **one.before})
        if there == here:
            return
        if here in walk.steps[there]:
            walk.repeated |= {here, there}
        walk.steps[there].add(here)
        walk.balance[there] -= 1
        walk.balance[here] += 1


def _reachable(steps: Mapping[str, set[str]], start: str) -> set[str]:
    found, ahead = {start}, [start]
    while ahead:
        new = steps.get(ahead.pop(), set()) - found
        found |= new
        ahead.extend(new)
    return found


def _last_rounds(reach: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """The states that nothing leads out of; together those that go round."""
    return {
        frozenset(onward)
        for state, onward in reach.items()
        if all(state in reach[other] for other in onward)
    }


def _stops(walk: _Walk, around: frozenset[str]) -> Iterable[str]:
    """Where a walk that goes round may have stopped."""
    stops = [state for state in around if walk.balance[state] > 0]
    # Two events may tell of one and the same step, so one that was told twice counts for nothing.
    is_clear = len(stops) == 1 and not (len(around) > 1 and around & walk.repeated)
    return stops if is_clear else around


def _end(walk: _Walk, reach: Mapping[str, set[str]], state: str, around: frozenset[str]) -> Sink:
    beginnings = [first for begun, first in walk.beginnings.items() if state in reach[begun]]
    return Sink(
        tuple(walk.seen[state]),
        around,
        bool(beginnings),
        min((one.at for one in beginnings if one.is_base and one.at is not None), default=None),
    )
