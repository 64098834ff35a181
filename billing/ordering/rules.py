"""The rules that tell which of two states came last, best first.

The `created` of an event has whole seconds only, and Stripe warns against ordering by it
(https://docs.stripe.com/webhooks#event-ordering). So the clock is one rule among several, and
not the first. Where no rule decides, the ruling says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing.order_rules import UNSET, OrderRules
from billing.ordering.reasons import OrderingReason
from billing.ordering.snapshots import FactMap, Snapshot
from billing.ordering.update_graph import Sink, find_sinks

WINDOW_SECONDS: Final = 2
"""The age, relative to the newest, up to which a snapshot is kept. What is made further apart the
clock tells apart, and a chain of updates that it contradicts has a gap."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The snapshot that came last, the reason, and whether that is in doubt.

    `agreeing` are the snapshots that tell of the same state, the latest among them.
    """

    latest: Snapshot
    reason: OrderingReason
    in_doubt: bool
    agreeing: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A test of pairs: `precedes` is True when the sink is certainly earlier than the other."""

    reason: OrderingReason
    precedes: Callable[[OrderRules, Sink, Sink], bool]


def decide(order: OrderRules, snapshots: Sequence[Snapshot]) -> Ruling:
    """Return the ruling on snapshots, at least one, none of them partial or an answer.

    `order` is what tells the order of such an object's states.
    """
    sinks = find_sinks(snapshots)
    reason = OrderingReason.FIRST_HEARD if len(snapshots) == 1 else OrderingReason.FOLLOWS
    for rule in RULES:
        if len(sinks) == 1:
            break
        left = [
            sink for sink in sinks if not any(rule.precedes(order, sink, other) for other in sinks)
        ]
        # A rule by which all precede one another in a circle has decided nothing.
        if left and len(left) < len(sinks):
            gone = [sink for sink in sinks if sink not in left]
            sinks, reason = left, _reason(rule, gone)
    rivals = _rivals(order, sinks, snapshots)
    if len(sinks) == 1 and not rivals and not sinks[0].is_mixed:
        return Ruling(sinks[0].latest, reason, in_doubt=False, agreeing=sinks[0].snapshots)
    return Ruling(_guess(order, sinks, rivals), OrderingReason.UNDECIDED, in_doubt=True)


def _rivals(
    order: OrderRules, sinks: Sequence[Sink], snapshots: Sequence[Snapshot]
) -> list[Snapshot]:
    """Return the snapshots that came after every sink if an update is missing.

    Others lead on from there, but the clock calls them newer, or does not tell.
    """
    of_sinks = {id(one) for sink in sinks for one in sink.snapshots}
    return [
        one
        for one in snapshots
        if id(one) not in of_sinks and all(_may_follow(order, one, sink) for sink in sinks)
    ]


def _may_follow(order: OrderRules, one: Snapshot, sink: Sink) -> bool:
    last = sink.latest
    if last.is_deleted or order.lifecycle.has_left(one.status, last.status):
        return False
    return last.is_older_than(one) or any(one is rival for rival in sink.rivals)


def _reason(rule: Rule, gone: Sequence[Sink]) -> OrderingReason:
    # A base stands for all that came long before, which is no beginning in the reader's eyes.
    is_long_ago = all(sink.base_at is not None for sink in gone)
    if rule.reason is OrderingReason.BEGINNING and is_long_ago:
        return OrderingReason.CLOCK
    return rule.reason


def _guess(order: OrderRules, sinks: Sequence[Sink], rivals: Sequence[Snapshot]) -> Snapshot:
    # In doubt one is stored all the same. It must be the same one in every order of arrival.
    positions = order.lifecycle.positions
    ends = [sink.latest for sink in sinks]
    return max(
        [*ends, *rivals],
        key=lambda one: (
            one.at or 0,
            one in ends,
            positions.get(one.status, (0, 0)),
            one.event_id,
        ),
    )


def _precedes_deletion(_: OrderRules, sink: Sink, other: Sink) -> bool:
    return not sink.latest.is_deleted and other.latest.is_deleted


def _is_left_for_good(order: OrderRules, sink: Sink, other: Sink) -> bool:
    return order.lifecycle.has_left(sink.latest.status, other.latest.status)


def _is_beginning(_: OrderRules, sink: Sink, other: Sink) -> bool:
    if not sink.has_beginning or other.has_beginning:
        return False
    # What is older than a base may have come before it, so a base begins nothing for that.
    return None in (sink.base_at, other.latest.at) or sink.base_at <= other.latest.at  # type: ignore[operator]


def _is_outgrown(order: OrderRules, sink: Sink, other: Sink) -> bool:
    """True when what only grows is less here, and never more."""
    here, there = sink.latest, other.latest
    # With hours between them the clock is the better rule: see `merge` for what it takes back.
    if None not in (here.at, there.at) and abs(here.at - there.at) > WINDOW_SECONDS:  # type: ignore[operator]
        return False
    pairs = [
        (size(here.facts[name]), size(there.facts[name]))
        for name in (*order.monotonic, *order.set_once)
        if name in here.facts and name in there.facts
    ]
    return all(less <= more for less, more in pairs) and any(less < more for less, more in pairs)


def is_set(facts: FactMap, name: str) -> bool:
    """True where a fact is told and has a value."""
    return facts.get(name) not in UNSET


def size(value: Any) -> int:
    """Return a number as it is, and of anything else 1 once it is set, 0 before."""
    return value if isinstance(value, int) else int(value not in UNSET)


def _is_earlier_by_clock(_: OrderRules, sink: Sink, other: Sink) -> bool:
    return sink.latest.is_older_than(other.latest)


def _is_behind(order: OrderRules, sink: Sink, other: Sink) -> bool:
    return order.lifecycle.is_behind(sink.latest.status, other.latest.status)


def _is_mentioned(_: OrderRules, sink: Sink, other: Sink) -> bool:
    # The states of a cycle all mention one another, which tells nothing.
    if sink.cycle == other.cycle:
        return False
    return _mentions(other, sink) and not _mentions(sink, other)


def _mentions(sink: Sink, other: Sink) -> bool:
    """True when an update into the sink had found the facts that the other has."""
    facts = other.latest.facts
    return any(
        one.before and all(facts.get(name) == value for name, value in one.before.items())
        for one in sink.snapshots
    )


RULES: Final = (
    Rule(OrderingReason.DELETED, _precedes_deletion),
    Rule(OrderingReason.FINAL, _is_left_for_good),
    Rule(OrderingReason.BEGINNING, _is_beginning),
    Rule(OrderingReason.GROWN, _is_outgrown),
    Rule(OrderingReason.CLOCK, _is_earlier_by_clock),
    Rule(OrderingReason.FORWARD, _is_behind),
    Rule(OrderingReason.MENTIONED, _is_mentioned),
)
"""Best first: each decides between the sinks that the rules before it left over."""
