"""The witnesses of what came last, best first.

The `created` of an event has whole seconds only, and Stripe warns against ordering by it
(https://docs.stripe.com/webhooks#event-ordering). So the clock is one witness among several, and
not the first to be heard. Where none of them knows, that is said.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing.models import BillingChange
from billing.ordering.lifecycles import MONOTONIC, SET_ONCE, UNSET, lifecycle_of
from billing.ordering.snapshots import Snapshot
from billing.ordering.update_graph import Sink, find_sinks

WINDOW_SECONDS: Final = 60
"""How much older than the newest a snapshot may be and still be kept: clocks differ by less, and
what belongs together is made within seconds."""

Reason = BillingChange.Reason


@dataclass(frozen=True, slots=True)
class Ruling:
    """The snapshot that counts, by what reason, and whether that is in doubt."""

    last: Snapshot
    reason: Reason
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that knows of some pairs which one came first."""

    reason: Reason
    precedes: Callable[[str, Sink, Sink], bool]


def judge(kind: str, snapshots: Sequence[Snapshot]) -> Ruling:
    """Which of some snapshots, none of them partial or an answer, came last."""
    sinks = find_sinks(snapshots)
    reason = Reason.FIRST_HEARD if len(snapshots) == 1 else Reason.FOLLOWS
    against_the_clock = False
    for witness in RULES:
        if len(sinks) == 1:
            break
        left = [
            sink for sink in sinks if not any(witness.precedes(kind, sink, one) for one in sinks)
        ]
        if left and len(left) < len(sinks):
            gone = [sink for sink in sinks if sink not in left]
            against_the_clock = witness.reason is Reason.GROWN and any(
                one.latest.is_older_than(sink.latest) for one in left for sink in gone
            )
            sinks, reason = left, _reason(witness, gone)
    if len(sinks) == 1 and not against_the_clock:
        return Ruling(sinks[0].latest, reason, in_doubt=False)
    return Ruling(_choose(kind, sinks), Reason.UNDECIDED, in_doubt=True)


def _reason(witness: Rule, gone: Sequence[Sink]) -> BillingChange.Reason:
    # What stands for all that came long before is no beginning in the reader's eyes.
    is_long_ago = all(sink.began_at is not None for sink in gone)
    return Reason.CLOCK if witness.reason is Reason.BEGINNING and is_long_ago else witness.reason


def _choose(kind: str, sinks: Sequence[Sink]) -> Snapshot:
    places = lifecycle_of(kind).places
    return max(
        (sink.latest for sink in sinks),
        key=lambda one: (one.at or 0, places.get(one.status, (0, 0)), one.event_id),
    )


def _is_undone(_: str, sink: Sink, other: Sink) -> bool:
    return not sink.latest.said.get("deleted") and bool(other.latest.said.get("deleted"))


def _is_left_behind(kind: str, sink: Sink, other: Sink) -> bool:
    return lifecycle_of(kind).has_left(sink.latest.status, other.latest.status)


def _is_the_beginning(_: str, sink: Sink, other: Sink) -> bool:
    if not sink.from_beginning or other.from_beginning:
        return False
    return None in (sink.began_at, other.latest.at) or sink.began_at <= other.latest.at  # type: ignore[operator]


def _is_outgrown(kind: str, sink: Sink, other: Sink) -> bool:
    """Whether what only grows is less here, unless hours lie between the two."""
    here, there = sink.latest, other.latest
    if None not in (here.at, there.at) and abs(here.at - there.at) > WINDOW_SECONDS:  # type: ignore[operator]
        return False
    pairs = [
        (size(here.said[name]), size(there.said[name]))
        for name in (*MONOTONIC.get(kind, ()), *SET_ONCE.get(kind, ()))
        if name in here.said and name in there.said
    ]
    return all(less <= more for less, more in pairs) and any(less < more for less, more in pairs)


def size(value: Any) -> int:
    """How much of something there is: numbers as they are; whether the rest has come about."""
    return value if isinstance(value, int) else int(value not in UNSET)


def _comes_by_clock(_: str, sink: Sink, other: Sink) -> bool:
    return sink.latest.is_older_than(other.latest)


def _is_behind(kind: str, sink: Sink, other: Sink) -> bool:
    return lifecycle_of(kind).is_behind(sink.latest.status, other.latest.status)


def _is_mentioned(_: str, sink: Sink, other: Sink) -> bool:
    # Those that a walk went round through mention one another, which tells nothing.
    if sink.around == other.around:
        return False
    return _mentions(other, sink) and not _mentions(sink, other)


def _mentions(sink: Sink, other: Sink) -> bool:
    """Whether what an update had found before it is as the other says."""
    said = other.latest.said
    return any(
        one.before and all(said.get(name) == value for name, value in one.before.items())
        for one in sink.snapshots
    )


RULES: Final = (
    Rule(Reason.DELETED, _is_undone),
    Rule(Reason.FINAL, _is_left_behind),
    Rule(Reason.BEGINNING, _is_the_beginning),
    Rule(Reason.GROWN, _is_outgrown),
    Rule(Reason.CLOCK, _comes_by_clock),
    Rule(Reason.FORWARD, _is_behind),
    Rule(Reason.MENTIONED, _is_mentioned),
)
"""Best first: each is asked about those that the ones before could not tell apart."""
