"""Which of the things that were said of an object came last.

Events come in any order, the `created` of an event has whole seconds only, and Stripe warns
against ordering by it (https://docs.stripe.com/webhooks#event-ordering). So it is one witness
among several, and not the first to be heard. Where no witness knows, that is said.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from billing.courses import COURSES, GROWING, LASTING, NOT_YET, Course
from billing.models import BillingChange
from billing.statements import Facts, Statement
from billing.trails import End, find_ends

WINDOW_SECONDS: Final = 60
"""How much older than the newest a statement may be and still be kept: clocks differ by less, and
what belongs together is made within seconds."""

MOST_KEPT: Final = 32


_FAR_AHEAD: Final = 2**63

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


def weigh(kind: str, statements: Sequence[Statement]) -> Standing | None:
    """Which statement of an object came last. The order in which they are given is no matter.

    `kind` is the object's type. In doubt one is chosen all the same, always the same one. None
    when there are but partial ones.
    """
    whole = [one for one in statements if not one.is_partial]
    answer = next((one for one in whole if one.is_answer), None)
    if answer is not None:
        return _weigh_against(answer, kind, whole)
    return _weigh(kind, _keep(kind, whole)) if whole else None


def keep(kind: str, statements: Sequence[Statement]) -> list[Statement]:
    """The statements that a late one may still have to be weighed against.

    Of those that are much older than the newest, one is kept: what they come to.
    """
    answer = next((one for one in statements if one.is_answer and not one.is_base), None)
    beyond = _beyond(answer, statements)[-MOST_KEPT:]
    if answer is not None:
        statements = [one for one in statements if one is answer or not answer.covers(one)]
    whole = [one for one in statements if not one.is_partial]
    newest = _newest(whole)
    partial = [
        one
        for one in statements
        if one.is_partial and (one.at is None or one.at >= newest - WINDOW_SECONDS)
    ]
    return [*_keep(kind, whole), *partial[-MOST_KEPT:], *beyond]


def _beyond(answer: Statement | None, statements: Sequence[Statement]) -> list[Statement]:
    """Those that the answer covers, and that say more than it, in a shape of their own."""
    if answer is None:
        return []
    return [
        one
        for one in statements
        if not one.is_partial and answer.covers(one) and one.said.keys() - answer.said.keys()
    ]


def _by_clock(one: Statement) -> tuple[int, str]:
    return one.at or 0, one.event_id


def _newest(statements: Sequence[Statement]) -> int:
    return max((one.at for one in statements if one.at is not None), default=0)


def _keep(kind: str, statements: Sequence[Statement]) -> list[Statement]:
    oldest = _newest(statements) - WINDOW_SECONDS
    if len(statements) <= MOST_KEPT and all(
        one.at is None or one.at >= oldest for one in statements
    ):
        return list(statements)
    by_clock = sorted(statements, key=lambda one: one.at if one.at is not None else _FAR_AHEAD)
    recent = [one for one in by_clock if one.at is None or one.at >= oldest][-MOST_KEPT:]
    old = by_clock[: len(by_clock) - len(recent)]
    return [_base(kind, old), *recent]


def _base(kind: str, old: Sequence[Statement]) -> Statement:
    """What old statements come to: what those that are recent began with.

    What had come before the last base is forgotten, so nothing can be said of a statement that
    comes from that time after all, but whether it is final.
    """
    base = next((one for one in old if one.is_base), None)
    if base is None:
        return replace(_weigh(kind, old).last, is_base=True)
    late = [one for one in old if one is not base and (one.at or 0) <= (base.at or 0)]
    last = _weigh(kind, [one for one in old if one not in late]).last
    is_patchy = last.is_patchy or (
        last is base and any(one.at == base.at and one.said != base.said for one in late)
    )
    last = next((one for one in late if _outranks(kind, one, last)), last)
    return replace(last, is_base=True, is_patchy=is_patchy)


def _outranks(kind: str, one: Statement, other: Statement) -> bool:
    if one.said.get("deleted") or other.said.get("deleted"):
        return not other.said.get("deleted")
    return COURSES.get(kind, Course({})).has_left(other.status, one.status)


def conclude(
    kind: str, current: Facts, statements: Sequence[Statement], standing: Standing | None
) -> tuple[Facts, bool]:
    """The facts that hold, and whether they are in doubt.

    They are those of the statement that counts, less what would take back what cannot be, and
    with what partial statements add.
    """
    last = standing.last if standing else _nothing(current)
    answers = [one for one in statements if one.is_answer]
    partial = [
        one for one in statements if one.is_partial and not any(a.covers(one) for a in answers)
    ]
    facts = {**current, **last.said, "deleted": bool(last.said.get("deleted"))}
    witnesses = partial if last.is_answer else statements
    said = [one.said for one in witnesses] + ([] if last.is_answer else [current])
    beyond = _beyond(answers[0] if answers else None, statements)
    for one in [
        *sorted(statements, key=_by_clock),
        *([_weigh(kind, beyond).last] if beyond else []),
    ]:
        # Shapes differ: what the last has no word for is known from another.
        facts |= {
            name: value
            for name, value in one.said.items()
            if name not in last.said and name != "deleted" and value not in NOT_YET
        }
    for name in LASTING.get(kind, ()):
        _come_about(facts, name, said)
    shrunk = [_regrow(facts, name, said, last, witnesses) for name in GROWING.get(kind, ())]
    return facts, any(
        [
            standing is not None and standing.in_doubt,
            *shrunk,
            *(_is_at_odds(one, facts, last) for one in partial),
        ]
    )


def _nothing(current: Facts) -> Statement:
    return Statement(event_id="", at=None, said=current)


def _come_about(facts: Facts, name: str, said: Sequence[Facts]) -> None:
    if facts.get(name) in NOT_YET:
        values = [one[name] for one in said if one.get(name) not in NOT_YET]
        facts[name] = max(values, default=facts.get(name), key=str)


def _regrow(
    facts: Facts, name: str, said: Sequence[Facts], last: Statement, witnesses: Sequence[Statement]
) -> bool:
    """Keep what had grown; whether that contradicts what counts."""
    most = max((one[name] for one in said if one.get(name) is not None), default=None)
    if most is None or _size(facts[name]) >= most or _is_told(name, witnesses):
        return False
    facts[name] = most
    return not any(one.said.get(name) == most and not one.is_older_than(last) for one in witnesses)


def _is_at_odds(partial: Statement, facts: Facts, last: Statement) -> bool:
    if partial.is_older_than(last):
        return False
    return partial.casts_doubt or any(
        facts[name] != value for name, value in partial.said.items() if value not in NOT_YET
    )


def _is_told(name: str, statements: Sequence[Statement]) -> bool:
    """Whether an event says in so many words that it made less of this."""
    return any(
        one.before is not None and _size(one.before.get(name)) > _size(one.said.get(name))
        for one in statements
    )


def _weigh_against(answer: Statement, kind: str, statements: Sequence[Statement]) -> Standing:
    """What the provider answered stands, but for what happened since."""
    others = [one for one in statements if one is not answer and not answer.covers(one)]
    since = [one for one in others if one.said.get("deleted") or (one.at or 0) > (answer.at or 0)]
    unclear = [one for one in others if one not in since and not _agree(one, answer)]
    if since:
        standing = _weigh(kind, keep(kind, [replace(answer, is_base=True), *since]))
        return replace(standing, in_doubt=standing.in_doubt or bool(unclear))
    reason = Reason.NO_WITNESS if unclear else Reason.ANSWER
    return Standing(answer, reason, in_doubt=bool(unclear))


def _agree(one: Statement, other: Statement) -> bool:
    return all(one.said[name] == other.said[name] for name in one.said.keys() & other.said.keys())


def _weigh(kind: str, statements: Sequence[Statement]) -> Standing:
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
                _is_older(one, end) for one in left for end in gone
            )
            ends, reason = left, witness.reason
    if len(ends) == 1 and not against_the_clock:
        return Standing(ends[0].latest, reason, in_doubt=False)
    return Standing(_choose(kind, ends), Reason.NO_WITNESS, in_doubt=True)


def _choose(kind: str, ends: Sequence[End]) -> Statement:
    places = COURSES.get(kind, Course({})).places
    return max(
        (end.latest for end in ends),
        key=lambda one: (one.at or 0, places.get(one.status, (0, 0)), one.event_id),
    )


def _is_undone(_: str, end: End, other: End) -> bool:
    return not end.latest.said.get("deleted") and bool(other.latest.said.get("deleted"))


def _is_left_behind(kind: str, end: End, other: End) -> bool:
    return COURSES.get(kind, Course({})).has_left(end.latest.status, other.latest.status)


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
        (_size(here.said[name]), _size(there.said[name]))
        for name in (*GROWING.get(kind, ()), *LASTING.get(kind, ()))
        if name in here.said and name in there.said
    ]
    return all(less <= more for less, more in pairs) and any(less < more for less, more in pairs)


def _size(value: Any) -> int:
    """Numbers as they are; whether the rest has come about."""
    return value if isinstance(value, int) else int(value not in NOT_YET)


def _is_older(end: End, other: End) -> bool:
    here, there = end.latest.at, other.latest.at
    return here is not None and there is not None and here < there


def _comes_by_clock(_: str, end: End, other: End) -> bool:
    return _is_older(end, other)


def _is_behind(kind: str, end: End, other: End) -> bool:
    return COURSES.get(kind, Course({})).is_behind(end.latest.status, other.latest.status)


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
