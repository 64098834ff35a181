"""The witnesses of what came last, best first.

The `created` of an event has whole seconds only, and Stripe warns against ordering by it
(https://docs.stripe.com/webhooks#event-ordering). So the clock is one witness among several, and
not the first to be heard. Where none of them knows, that is said.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing.courses import GROWING, LASTING, NOT_YET, course_of
from billing.models import BillingChange
from billing.statements import Statement
from billing.trails import End, find_ends

WINDOW_SECONDS: Final = 60
"""How much older than the newest a statement may be and still be kept: clocks differ by less, and
what belongs together is made within seconds."""

Reason = BillingChange.Reason


@dataclass(frozen=True, slots=True)
class Standing:
    """The statement that counts, by what reason, and whether that is in doubt."""

    last: Statement
    reason: Reason
    in_doubt: bool


@dataclass(frozen=True, slots=True)
class _Witness:
    """A rule that knows of some pairs which one came first."""

    reason: Reason
    precedes: Callable[[str, End, End], bool]


def judge(kind: str, statements: Sequence[Statement]) -> Standing:
    """Which of some statements, none of them partial or an answer, came last."""
    ends = find_ends(statements)
    reason = Reason.FIRST_HEARD if len(statements) == 1 else Reason.FOLLOWS
    against_the_clock = False
    for witness in _WITNESSES:
        if len(ends) == 1:
            break
        left = [end for end in ends if not any(witness.precedes(kind, end, one) for one in ends)]
        if left and len(left) < len(ends):
            gone = [end for end in ends if end not in left]
            against_the_clock = witness.reason is Reason.GROWN and any(
                one.latest.is_older_than(end.latest) for one in left for end in gone
            )
            ends, reason = left, _reason(witness, gone)
    if len(ends) == 1 and not against_the_clock:
        return Standing(ends[0].latest, reason, in_doubt=False)
    return Standing(_choose(kind, ends), Reason.NO_WITNESS, in_doubt=True)


def _reason(witness: _Witness, gone: Sequence[End]) -> BillingChange.Reason:
    # What stands for all that came long before is no beginning in the reader's eyes.
    is_long_ago = all(end.began_at is not None for end in gone)
    return Reason.CLOCK if witness.reason is Reason.BEGINNING and is_long_ago else witness.reason


def _choose(kind: str, ends: Sequence[End]) -> Statement:
    places = course_of(kind).places
    return max(
        (end.latest for end in ends),
        key=lambda one: (one.at or 0, places.get(one.status, (0, 0)), one.event_id),
    )


def _is_undone(_: str, end: End, other: End) -> bool:
    return not end.latest.said.get("deleted") and bool(other.latest.said.get("deleted"))


def _is_left_behind(kind: str, end: End, other: End) -> bool:
    return course_of(kind).has_left(end.latest.status, other.latest.status)


def _is_the_beginning(_: str, end: End, other: End) -> bool:
    if not end.from_beginning or other.from_beginning:
        return False
    return None in (end.began_at, other.latest.at) or end.began_at <= other.latest.at  # type: ignore[operator]


def _is_outgrown(kind: str, end: End, other: End) -> bool:
    """Whether what only grows is less here, unless hours lie between the two."""
    here, there = end.latest, other.latest
    if None not in (here.at, there.at) and abs(here.at - there.at) > WINDOW_SECONDS:  # type: ignore[operator]
        return False
    pairs = [
        (size(here.said[name]), size(there.said[name]))
        for name in (*GROWING.get(kind, ()), *LASTING.get(kind, ()))
        if name in here.said and name in there.said
    ]
    return all(less <= more for less, more in pairs) and any(less < more for less, more in pairs)


def size(value: Any) -> int:
    """How much of something there is: numbers as they are; whether the rest has come about."""
    return value if isinstance(value, int) else int(value not in NOT_YET)


def _comes_by_clock(_: str, end: End, other: End) -> bool:
    return end.latest.is_older_than(other.latest)


def _is_behind(kind: str, end: End, other: End) -> bool:
    return course_of(kind).is_behind(end.latest.status, other.latest.status)


def _is_mentioned(_: str, end: End, other: End) -> bool:
    # Those that a walk went round through mention one another, which tells nothing.
    if end.around == other.around:
        return False
    return _mentions(other, end) and not _mentions(end, other)


def _mentions(end: End, other: End) -> bool:
    """Whether what an update had found before it is as the other says."""
    said = other.latest.said
    return any(
        one.before and all(said.get(name) == value for name, value in one.before.items())
        for one in end.statements
    )


_WITNESSES: Final = (
    _Witness(Reason.DELETED, _is_undone),
    _Witness(Reason.FINAL, _is_left_behind),
    _Witness(Reason.BEGINNING, _is_the_beginning),
    _Witness(Reason.GROWN, _is_outgrown),
    _Witness(Reason.CLOCK, _comes_by_clock),
    _Witness(Reason.FORWARD, _is_behind),
    _Witness(Reason.MENTIONED, _is_mentioned),
)
"""Best first: each is asked about those that the ones before could not tell apart."""
