"""Snapshots in whatever order they arrive: the latest is found, or the object is in doubt."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.models import BillingChange, Subscription
from billing.order_rules import ORDER_RULES
from billing.ordering import FactMap, OrderingReason, Resolution, Snapshot, pack, resolve, unpack
from billing.ordering.rules import RULES
from billing.tests import builders as build
from billing.tests.builders import NOON, event, send
from webhooks.events import Event

ROUNDABOUT = ["active", "past_due", "unpaid", "trialing"]


@dataclass
class Life:
    """One object's life, as draws decide it, and its snapshots in true order."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    state: dict[str, Any]
    at: int = 1000
    snapshots: list[Snapshot] = field(default_factory=list)

    def tell(self, **about: Any) -> None:
        event_id = f"evt_{len(self.snapshots):03}"
        self.snapshots.append(Snapshot(event_id=event_id, at=self.at, facts=self.state, **about))

    def step(self, **changed: Any) -> None:
        """The object changes; an update tells of it, maybe together with another event."""
        self.at += self.draw(st.sampled_from([0, 0, 0, 1, 500]))
        before = {name: self.state[name] for name in changed if self.state[name] != changed[name]}
        self.state = {**self.state, **changed}
        self.tell(before=before)
        if self.draw(st.booleans()):
            self.tell()


@st.composite
def lives(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[Snapshot]:
    """Subscriptions that go round, with another fact that changes as well."""
    life = Life(draw, {"status": "incomplete", "seats": 1})
    if draw(st.booleans()):
        life.tell(is_first=True)
    for _ in range(draw(st.integers(1, 6))):
        status = draw(st.sampled_from(ROUNDABOUT))
        life.step(status=status, seats=draw(st.integers(1, 2)))
    if draw(st.booleans()):
        life.step(status="canceled")
    return life.snapshots


def arrive(kind: str, snapshots: list[Snapshot]) -> Resolution:
    """Resolve snapshots that arrive one by one, as they do in events."""
    blank: FactMap = {name: None for one in snapshots for name in one.facts}
    facts, kept = blank | snapshots[0].facts, list[Snapshot]()
    for snapshot in snapshots:
        resolution = resolve(ORDER_RULES[kind], facts, [*kept, snapshot])
        facts, kept = resolution.facts, resolution.kept
    return resolution


def latest_of(resolution: Resolution) -> Snapshot:
    assert resolution.latest
    return resolution.latest


@pytest.mark.one_database
@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_state_that_is_not_in_doubt_is_the_latest(data: st.DataObject) -> None:
    told = data.draw(lives())
    resolution = arrive("subscription", data.draw(st.permutations(told)))
    if not resolution.in_doubt:
        assert latest_of(resolution).facts == told[-1].facts
        assert resolution.facts == {**told[-1].facts, "deleted": False}


def update(at: int, before: str, status: str) -> Snapshot:
    return Snapshot(
        event_id=f"evt_{at}_{before}_{status}",
        at=at,
        facts={"status": status},
        before={"status": before},
    )


CREATED = Snapshot(event_id="evt_0", at=1, facts={"status": "trialing"}, is_first=True)
ROUND = [update(1, "trialing", "active"), update(1, "active", "past_due")]


@given(st.permutations([CREATED, *ROUND, update(1, "past_due", "active")]))
def test_a_round_within_one_second_leaves_a_doubt(told: list[Snapshot]) -> None:
    resolution = arrive("subscription", told)
    assert (latest_of(resolution).status, resolution.in_doubt) == ("active", True)


@given(st.permutations([CREATED, *ROUND, update(2, "past_due", "active")]))
def test_a_round_within_two_seconds_is_followed_to_its_end(told: list[Snapshot]) -> None:
    resolution = arrive("subscription", told)
    assert (latest_of(resolution).status, resolution.in_doubt) == ("active", False)


def test_a_state_that_was_entered_oftener_than_left_leaves_a_doubt() -> None:
    # On to `unpaid`, back by an update that is lost, and once more to `past_due`.
    rounds = [update(1, "trialing", "past_due"), update(1, "past_due", "trialing")]
    again = replace(rounds[0], event_id="evt_again")
    told = [CREATED, *rounds, update(1, "trialing", "unpaid"), again]
    for order in permutations(told):
        assert arrive("subscription", list(order)).in_doubt


@pytest.mark.parametrize("entered", [1, 9])
def test_a_state_told_of_in_the_second_in_which_it_was_left_leaves_a_doubt(entered: int) -> None:
    # As a refund is told of within its charge: that it came back to it no update says.
    stated = Snapshot(event_id="evt_z", at=9, facts={"status": "active"})
    told = [update(entered, "trialing", "active"), update(9, "active", "past_due"), stated]
    for order in permutations(told):
        resolution = arrive("subscription", list(order))
        # Entered within that second as well, it was told of on the way.
        assert resolution.in_doubt is (entered < 9)


def noted(event_id: str, note: str, before: str, **about: Any) -> Snapshot:
    """An update of the second 9 that changed a note, beside whatever else is given."""
    facts = {"status": "active", "note": note, **about}
    return Snapshot(event_id=event_id, at=9, facts=facts, before={"note": before})


def test_a_note_taken_back_by_an_update_from_nowhere_leaves_a_doubt() -> None:
    # Noted x, then y by an update that is lost, then nothing: or y before x, as far as is told.
    begun = Snapshot(event_id="evt_0", at=1, facts={"status": "trialing", "note": ""})
    told = [begun, noted("evt_x", "x", ""), noted("evt_back", "", "y")]
    for order in permutations(told):
        assert arrive("subscription", list(order)).in_doubt


def test_a_state_that_was_left_twice_and_is_told_of_by_nothing_leaves_a_doubt() -> None:
    def items(price: str, until: str | None) -> list[dict[str, Any]]:
        return [{"price_id": price, "current_period_end": until}]

    # In two shapes, so that only one of the two seems to tell of the other.
    begun = Snapshot(event_id="evt_0", at=1, facts={"note": "", "items": items("a", None)})
    noted = Snapshot(
        event_id="evt_1",
        at=9,
        facts={"note": "x", "items": items("b", None)},
        before={"note": ""},
    )
    priced = Snapshot(
        event_id="evt_2",
        at=9,
        facts={"note": "", "items": items("c", "later")},
        before={"items": items("b", "later")},
    )
    for order in permutations([begun, noted, priced]):
        assert arrive("subscription", list(order)).in_doubt


def test_an_end_that_the_clock_contradicts_leaves_a_doubt() -> None:
    # Between the two, an update back to `active` has not arrived.
    there, again = update(1000, "active", "paused"), update(1001, "unpaid", "active")
    for told in permutations([there, again]):
        resolution = arrive("subscription", list(told))
        assert (latest_of(resolution).status, resolution.in_doubt) == ("active", True)


@pytest.mark.parametrize("pause", [0, 1, 2, 12, 61])
def test_what_was_undone_is_not_kept_unnoticed_when_events_are_lost(pause: int) -> None:
    told = [Snapshot(event_id="evt_0", at=1_000, facts={"ending": False}, is_first=True)]
    # Set, undone, set once more; the last changes nothing that is kept.
    for ending in (True, False, True, None):
        was = told[-1].facts
        told.append(
            Snapshot(
                event_id=f"evt_{len(told)}",
                at=1_000 + len(told) * pause,
                facts=was if ending is None else {"ending": ending},
                before={} if ending is None else was,
            )
        )
    for lost in told:
        heard = [one for one in told if one is not lost]
        # The last has arrived, or not yet.
        for known in (heard, heard[:-1]):
            for order in permutations(known):
                resolution = arrive("subscription", list(order))
                assert resolution.in_doubt or latest_of(resolution).facts == known[-1].facts


def test_an_update_told_twice_leaves_open_how_often_it_happened() -> None:
    again = replace(ROUND[1], event_id="evt_again")
    told = [CREATED, *ROUND, update(1, "past_due", "active"), again]
    assert arrive("subscription", told).in_doubt


def test_a_snapshot_older_than_the_base_leaves_a_doubt() -> None:
    there, back = update(1, "active", "past_due"), update(1, "past_due", "active")
    again = [update(999, "active", "past_due"), update(999, "past_due", "active")]
    resolution = arrive("subscription", [ROUND[0], back, again[0], there, again[1]])
    assert (latest_of(resolution).status, resolution.in_doubt) != ("past_due", False)


@st.composite
def moments(draw: Callable[[st.SearchStrategy[Any]], Any], count: int) -> list[int]:
    """Draw `count` moments in order, in milliseconds, some of them within one second."""
    steps = st.lists(st.sampled_from([1, 300, 999, 5000]), min_size=count, max_size=count)
    now, found = 1_000_000, []
    for step in draw(steps):
        now += step
        found.append(now)
    return found


def clock(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@pytest.mark.one_database
@settings(max_examples=500, deadline=None)
@given(st.data())
def test_an_answer_holds_until_something_later_arrives(data: st.DataObject) -> None:
    told = data.draw(lives())
    # When each event was made, then when the provider was asked, looked, and answered.
    when = data.draw(moments(len(told)))
    asked, looked, answered = data.draw(moments(3))
    delays = [data.draw(st.sampled_from([0, 1, 700, 9000])) for _ in told]
    told = [
        replace(one, at=made // 1000, observed_at=clock(made + delay))
        for one, made, delay in zip(told, when, delays, strict=True)
    ]
    seen = [one for one, made in zip(told, when, strict=True) if made <= looked]
    if not seen:
        return
    answer = Snapshot(
        event_id="",
        at=answered // 1000,
        facts=seen[-1].facts,
        observed_at=clock(asked),
        asked_from=asked // 1000,
    )
    arrivals = [(one.observed_at or clock(0), one) for one in told] + [(clock(answered), answer)]
    arrivals.sort(key=lambda arrival: arrival[0])
    resolution = arrive("subscription", [one for _, one in arrivals])
    if not resolution.in_doubt:
        assert latest_of(resolution).facts == told[-1].facts


def charge(at: int, refunded: int, **about: Any) -> Snapshot:
    facts = {"status": "succeeded", "amount_refunded": refunded, "refunded": refunded == 900}
    return Snapshot(event_id=f"evt_{at}_{refunded}", at=at, facts=facts, **about)


def refunded(*snapshots: Snapshot) -> tuple[int, bool]:
    """Resolve a charge's snapshots: the amount refunded, and whether that is in doubt."""
    resolution = resolve(ORDER_RULES["charge"], snapshots[0].facts, snapshots)
    return resolution.facts["amount_refunded"], resolution.in_doubt


@given(st.permutations([charge(50, 0), charge(50, 300), charge(50, 600), charge(50, 900)]))
def test_partial_refunds_of_one_second_are_ordered_by_their_sum(told: list[Snapshot]) -> None:
    resolution = arrive("charge", told)
    assert (resolution.latest, resolution.in_doubt) == (charge(50, 900), False)


def test_a_clock_that_contradicts_what_only_grows_leaves_a_doubt() -> None:
    assert refunded(charge(50, 600), charge(51, 300)) == (600, True)
    assert refunded(charge(50, 600), charge(5000, 300)) == (600, True)
    assert refunded(charge(40, 900), charge(50, 600), charge(60, 300)) == (900, True)
    assert refunded(charge(50, 300), charge(51, 600)) == (600, False)


@given(
    st.permutations(
        [
            Snapshot(event_id="evt_1", at=1, facts={"status": "open", "charge_id": "ch_1"}),
            Snapshot(event_id="evt_2", at=1, facts={"status": "open", "charge_id": "ch_2"}),
            Snapshot(event_id="evt_3", at=1, facts={"status": "open"}),
        ]
    )
)
def test_what_only_one_shape_tells_may_be_in_doubt(told: list[Snapshot]) -> None:
    assert arrive("invoice", told).in_doubt


def test_what_the_latest_has_no_word_for_is_known_from_what_agrees_with_it() -> None:
    old = [
        Snapshot(event_id="evt_5", at=1, facts={"number": "A-1", "charge_id": "ch_1"}),
        Snapshot(event_id="evt_1", at=1, facts={"number": "A-2", "charge_id": "ch_2"}),
    ]
    new = Snapshot(event_id="evt_9", at=1, facts={"number": "A-2"}, before={"number": "A-1"})
    for told in permutations([*old, new]):
        resolution = arrive("invoice", list(told))
        assert (resolution.facts["charge_id"], resolution.in_doubt) == ("ch_2", False)


def invoice(at: int, name: str = "", **facts: Any) -> Snapshot:
    facts = {"status": "open", **facts}
    return Snapshot(event_id=f"evt_{at}_{name}_{facts['status']}", at=at, facts=facts)


def payment(at: int, **facts: Any) -> Snapshot:
    return Snapshot(event_id=f"evt_{at}_payment", at=at, facts=facts, is_partial=True)


def test_what_is_set_once_is_known_from_whatever_has_it() -> None:
    last = invoice(90, charge_id="", paid_at=None)
    older = [invoice(10, "a", charge_id="ch_1"), invoice(10, "b", charge_id="ch_2", paid_at="x")]
    answer = replace(last, asked_from=90)
    unset = {"charge_id": "", "paid_at": None}
    stored = {"charge_id": "ch_9", "paid_at": None}
    for told, current, charge_id, paid_at in [
        ([last], unset, "", None),
        ([last, *older], unset, "ch_2", "x"),
        ([last, *older], stored, "ch_9", "x"),
        ([last, payment(91, charge_id="ch_3")], unset, "ch_3", None),
        # What was answered has taken account of all that was told whole.
        ([answer, *older], stored, "", None),
        ([answer, *older, payment(80, charge_id="ch_3")], stored, "", None),
        ([answer, *older, payment(90, charge_id="ch_3")], stored, "ch_3", None),
    ]:
        for order in permutations(told):
            found = resolve(ORDER_RULES["invoice"], current, order)
            assert (found.facts["charge_id"], found.facts["paid_at"]) == (charge_id, paid_at)
            assert not found.in_doubt


def test_what_is_told_in_part_must_agree_with_what_holds() -> None:
    last = invoice(90, charge_id="ch_1", attempt_count=2)
    for told, in_doubt in [
        (payment(91, charge_id="ch_1"), False),
        (payment(91, charge_id="ch_2"), True),
        (payment(90, charge_id="ch_2"), True),
        (payment(89, charge_id="ch_2"), False),
        (replace(payment(91), at=None, facts={"charge_id": "ch_2"}), True),
        (payment(91, charge_id=""), False),
        (payment(91, attempt_count=2), False),
    ]:
        for order in ([last, told], [told, last]):
            found = resolve(ORDER_RULES["invoice"], last.facts, order)
            assert (found.facts["charge_id"], found.in_doubt) == ("ch_1", in_doubt)
    found = resolve(ORDER_RULES["invoice"], {"charge_id": ""}, [payment(91, charge_id="ch_2")])
    assert (found.facts["charge_id"], found.latest, found.in_doubt) == ("ch_2", None, True)
    assert (found.reason, found.facts["deleted"]) == (OrderingReason.ONLY_NAMED, False)


def test_what_the_latest_has_no_word_for_is_known_from_the_newest_that_has() -> None:
    last = invoice(90, status="paid", number="A-1")
    for others, known in [
        ([invoice(10, total=1), invoice(20, total=2)], 2),
        ([invoice(10, total=1), invoice(20, total=None)], 1),
        ([invoice(20, total=1, deleted=False), payment(30, total=7)], 7),
        ([invoice(10, "a", total=1), invoice(10, "b", total=2), invoice(10, "c", due=1)], 2),
        # By the rules and not by the clock.
        ([invoice(20, total=1), invoice(10, status="paid", total=3)], 3),
        ([invoice(10, total=1), replace(invoice(10, "d", total=3), before={"total": 1})], 3),
        ([invoice(10, "z", total=1), replace(invoice(10, "a", total=3), before={"total": 1})], 3),
    ]:
        for order in permutations([last, *others]):
            assert resolve(ORDER_RULES["invoice"], {"total": 9}, order).facts["total"] == known


@pytest.mark.parametrize(("count", "in_doubt"), [(2, False), (1, True)])
def test_what_one_shape_alone_tells_is_still_known_once_it_is_summed_up(
    count: int, in_doubt: bool
) -> None:
    told = [
        invoice(10, "a", attempt_count=1, charge_id="ch_1"),
        invoice(10, "b", attempt_count=count, charge_id="ch_2"),
        invoice(10, "c", attempt_count=count),
        invoice(90, attempt_count=2),
        invoice(95, attempt_count=2),
    ]
    for order in permutations(told):
        found = arrive("invoice", list(order))
        assert (found.facts["charge_id"], found.in_doubt) == ("ch_2", in_doubt)


def test_what_only_grows_is_what_it_was_at_most() -> None:
    last = invoice(90, attempt_count=1)
    for others, current, count, in_doubt in [
        ([], 1, 1, False),
        ([invoice(10, attempt_count=3)], 1, 3, True),
        ([invoice(10, attempt_count=None)], 1, 1, False),
        ([], 3, 3, True),
        ([], None, 1, False),
        ([payment(90, attempt_count=3)], 1, 3, False),
        ([payment(89, attempt_count=3)], 1, 3, True),
    ]:
        for order in permutations([last, *others]):
            found = resolve(ORDER_RULES["invoice"], {"attempt_count": current}, order)
            assert (found.facts["attempt_count"], found.in_doubt) == (count, in_doubt)
    answer = replace(last, asked_from=90)
    found = resolve(
        ORDER_RULES["invoice"], {"attempt_count": 3}, [answer, invoice(10, attempt_count=3)]
    )
    assert (found.facts["attempt_count"], found.in_doubt) == (1, False)
    # Of the answer's own second: it may be in it already, or not.
    found = resolve(
        ORDER_RULES["invoice"], {"attempt_count": 1}, [answer, invoice(90, "b", attempt_count=3)]
    )
    assert (found.facts["attempt_count"], found.in_doubt) == (1, True)


REFUND_FAILED = Snapshot(event_id="evt_f", at=9_000, facts={}, is_partial=True, casts_doubt="re_1")


@pytest.mark.parametrize("second", [9_001, 900_000])
def test_a_charge_after_a_failed_refund_is_believed(second: int) -> None:
    later = [charge(second + seconds, 0, before={}) for seconds in (0, 500, 1_000)]
    for told in permutations([charge(1, 900), REFUND_FAILED, *later]):
        resolution = arrive("charge", list(told))
        assert (resolution.facts["amount_refunded"], resolution.in_doubt) == (0, False)


def test_a_charge_is_in_doubt_until_it_tells_of_a_failed_refund() -> None:
    resolution = arrive("charge", [charge(1, 900), charge(8_999, 900), REFUND_FAILED])
    assert (resolution.facts["amount_refunded"], resolution.in_doubt) == (900, True)


@pytest.mark.parametrize(("refund", "in_doubt"), [("re_1", False), ("re_2", True)])
def test_that_a_refund_failed_casts_doubt_until_stripe_was_asked(
    refund: str, in_doubt: bool
) -> None:
    heard = datetime(2026, 11, 20, 12, tzinfo=UTC)
    first, answer, again = (
        replace(one, observed_at=heard + timedelta(seconds=seconds))
        for seconds, one in enumerate(
            [
                REFUND_FAILED,
                replace(charge(9_000, 0), asked_from=9_000),
                replace(REFUND_FAILED, event_id="evt_again", casts_doubt=refund),
            ]
        )
    )
    for told in permutations([charge(1, 900), first, answer]):
        # Another event of the same second says so once more, or that another refund failed.
        assert arrive("charge", [*told, again]).in_doubt is in_doubt


@pytest.mark.parametrize("is_first", [False, True])
def test_a_refund_that_failed_within_its_second_leaves_a_doubt(is_first: bool) -> None:
    def noted(note: str, amount: int, **about: Any) -> Snapshot:
        told = charge(9, amount, **about)
        return replace(told, event_id=f"evt_{note}_{amount}", facts={**told.facts, "note": note})

    # Of the failure no event came, and a note that was made after it tells of less.
    refund = noted("", 900, before={"amount_refunded": 0, "refunded": False})
    told = [noted("", 0, is_first=is_first), refund, noted("x", 0, before={"note": ""})]
    for order in permutations(told):
        assert arrive("charge", list(order)).in_doubt


@pytest.mark.parametrize("left", [0, 400])
@pytest.mark.parametrize("later", [(2,), (2, 3), (4, 900), (900, 901), (900, 1_900, 5_000)])
def test_a_failed_refund_of_which_no_event_came_leaves_its_charge_in_doubt(
    later: tuple[int, ...], left: int
) -> None:
    told = [charge(1, 500), charge(1, 900), *(charge(second, left) for second in later)]
    for order in permutations(told):
        assert arrive("charge", list(order)).in_doubt
    # As soon as one says what it was before, or Stripe was asked, it is known.
    asked = replace(charge(9_000, left), asked_from=9_000)
    came_home = charge(9_000, left, before={"amount_refunded": 900, "refunded": True})
    for end in (came_home, asked):
        resolution = arrive("charge", [*told, end])
        assert (resolution.facts["amount_refunded"], resolution.in_doubt) == (left, False)


def test_an_update_that_says_that_a_refund_failed_is_believed() -> None:
    came_home = charge(90, 0, before={"amount_refunded": 600})
    for told in ([charge(50, 600), came_home], [came_home, charge(50, 600)]):
        assert refunded(*told) == (0, False)


def told_at(at: int | None, status: str, **about: Any) -> Snapshot:
    facts = {"status": status, **about.pop("facts", {})}
    return Snapshot(event_id=f"evt_{at}_{status}", at=at, facts=facts, **about)


def kept(*told: Snapshot, kind: str = "subscription") -> list[tuple[int | None, str, bool]]:
    """What is kept of snapshots: of when, in which state, and whether it sums up older ones."""
    found = resolve(ORDER_RULES[kind], {"status": ""}, told).kept
    return [(one.at, one.status, one.is_base) for one in found]


def test_what_is_more_than_two_seconds_older_is_summed_up() -> None:
    now, before = told_at(1_004, "active"), told_at(1_002, "past_due")
    assert kept(now, before) == [(1_004, "active", False), (1_002, "past_due", False)]
    long_ago = [told_at(1_001, "paused"), told_at(5, "trialing")]
    summed_up = [(1_001, "paused", True), (1_002, "past_due", False), (1_004, "active", False)]
    for told in permutations([now, before, *long_ago]):
        assert kept(*told) == summed_up
    # What has no time can't be called old.
    timeless = told_at(None, "unpaid")
    assert kept(timeless, *long_ago, now) == [
        (1_001, "paused", True),
        (1_004, "active", False),
        (None, "unpaid", False),
    ]
    assert kept(timeless) == [(None, "unpaid", False)]


def test_what_came_before_the_summary_counts_only_if_it_is_final() -> None:
    now, base = told_at(1_000, "active"), told_at(100, "paused", is_base=True)
    for status, at, summary in [
        ("past_due", 50, (100, "paused", True)),
        ("past_due", 100, (100, "paused", True)),
        ("past_due", 101, (101, "past_due", True)),
        ("canceled", 50, (50, "canceled", True)),
    ]:
        assert kept(now, base, told_at(at, status))[0] == summary
    gone = told_at(50, "x", facts={"deleted": True})
    assert kept(now, base, gone)[0] == (50, "x", True)
    assert kept(now, replace(gone, is_base=True, at=100), told_at(50, "canceled"))[0][1] == "x"


@pytest.mark.parametrize(("at", "is_patchy"), [(99, False), (100, True), (101, False)])
def test_a_summary_says_that_something_of_its_second_came_too_late(
    at: int, is_patchy: bool
) -> None:
    now, base = told_at(1_000, "active"), told_at(100, "paused", is_base=True)
    [found, _] = resolve(ORDER_RULES["subscription"], {}, [now, base, told_at(at, "unpaid")]).kept
    assert (found.is_base, found.is_patchy) == (True, is_patchy)
    [again, _] = resolve(ORDER_RULES["subscription"], {}, [now, base, told_at(at, "paused")]).kept
    assert not again.is_patchy
    # Once it has a gap, no later event of that second closes it.
    [still, _] = resolve(ORDER_RULES["subscription"], {}, [now, found, told_at(90, "unpaid")]).kept
    assert still.is_patchy is is_patchy


def test_what_is_kept_is_bounded() -> None:
    whole = [
        told_at(1_000, "active", facts={"seats": n}, before={"seats": n - 1}) for n in range(100)
    ]
    whole = [replace(one, event_id=f"evt_{n:02}") for n, one in enumerate(whole)]
    partial = [replace(one, is_partial=True) for one in whole]
    resolution = arrive("subscription", whole)
    assert [one.facts["seats"] for one in resolution.kept[1:]] == list(range(68, 100))
    assert [one.is_base for one in resolution.kept] == [True, *[False] * 32]
    # What was dropped of that second leaves a gap.
    assert (resolution.facts["seats"], resolution.in_doubt) == (99, True)
    assert kept(*whole[:32]) == [(1_000, "active", False)] * 32
    assert resolve(ORDER_RULES["subscription"], whole[0].facts, partial).kept == partial[-32:]
    answer = told_at(2_000, "active", asked_from=2_000)
    reserve = [replace(one, is_reserve=True) for one in whole[-32:]]
    assert resolve(ORDER_RULES["subscription"], {}, [*whole, answer]).kept == [answer, *reserve]


def test_an_answer_takes_the_place_of_what_it_is_certain_to_include() -> None:
    heard = datetime(2026, 11, 20, tzinfo=UTC)
    answer = told_at(1_002, "active", asked_from=1_000, observed_at=heard)
    early, late = heard - timedelta(seconds=1), heard + timedelta(seconds=1)
    for at, observed_at, is_included in [
        (999, None, True),
        (999, late, True),
        (1_000, None, False),
        (1_000, late, False),
        (1_000, heard, True),
        (1_002, early, True),
        (1_003, early, False),
        (None, early, True),
        (None, late, False),
        (None, None, False),
    ]:
        other = told_at(at, "active", observed_at=observed_at)
        expected = [answer] if is_included else [answer, other]
        assert resolve(ORDER_RULES["subscription"], {}, [answer, other]).kept == expected
    other = told_at(1_000, "active", observed_at=heard)
    unheard = replace(answer, observed_at=None)
    assert other in resolve(ORDER_RULES["subscription"], {}, [unheard, other]).kept


def test_a_state_that_was_left_as_often_as_entered_is_not_the_last() -> None:
    told = [CREATED, update(1, "trialing", "active"), update(1, "active", "trialing")]
    last = update(1, "trialing", "paused")
    for order in permutations([*told, last]):
        found = arrive("subscription", list(order))
        assert (latest_of(found).status, found.in_doubt) == ("paused", False)


def test_in_doubt_a_state_that_is_known_is_chosen_before_others() -> None:
    told = [told_at(5, "teleported"), told_at(5, "active")]
    for order in permutations(told):
        found = resolve(ORDER_RULES["subscription"], {}, order)
        assert (latest_of(found).status, found.in_doubt) == ("active", True)


def test_the_order_of_an_object_s_keys_makes_no_difference() -> None:
    told = told_at(5, "active", facts={"seats": 1})
    again = replace(told, event_id="evt_again", facts=dict(reversed(told.facts.items())))
    assert not resolve(ORDER_RULES["subscription"], {}, [told, again]).in_doubt


@pytest.mark.parametrize(("name", "in_doubt"), [("si_1", False), ("si_2", True)])
def test_events_of_two_shapes_are_compared_without_the_periods(name: str, in_doubt: bool) -> None:
    period = {"current_period_start": "2025", "current_period_end": "2026"}
    new = told_at(5, "active", facts={"items": [{"id": "si_1", "current_period_end": "2026"}]})
    old = {"items": [{"id": name, "current_period_end": None}], **period}
    for order in permutations([new, replace(told_at(5, "active", facts=old), event_id="evt_old")]):
        assert resolve(ORDER_RULES["subscription"], {}, order).in_doubt is in_doubt


def test_what_was_made_after_an_answer_follows_it() -> None:
    answer = told_at(1_002, "active", asked_from=1_000)
    later = told_at(1_003, "past_due", before={"status": "active"})
    alike, unlike = told_at(1_001, "active"), told_at(1_001, "unpaid")
    gone = told_at(1_001, "active", facts={"deleted": True})
    no_word = told_at(1_002, "active", facts={"seats": 1})
    for others, status, reason in [
        ([later], "past_due", OrderingReason.FOLLOWS),
        ([later, alike], "past_due", OrderingReason.FOLLOWS),
        ([later, unlike], "past_due", OrderingReason.UNDECIDED),
        ([alike], "active", OrderingReason.ANSWER),
        ([no_word], "active", OrderingReason.ANSWER),
        ([unlike], "active", OrderingReason.UNDECIDED),
        ([replace(later, at=1_002)], "active", OrderingReason.UNDECIDED),
        ([replace(later, at=None)], "active", OrderingReason.UNDECIDED),
        ([replace(later, at=1_900, before=None)], "past_due", OrderingReason.CLOCK),
        ([gone], "active", OrderingReason.DELETED),
    ]:
        for told in permutations([answer, *others]):
            found = resolve(ORDER_RULES["subscription"], {}, told)
            assert (latest_of(found).status, found.in_doubt) == (status, reason == "undecided")
            assert (found.facts["deleted"], found.reason) == (gone in others, reason)


def test_an_answer_may_tell_the_period_where_an_event_does_not() -> None:
    def of(*items: tuple[str, str | None]) -> dict[str, Any]:
        return {"items": [{"id": name, "current_period_end": end} for name, end in items]}

    new, old = of(("si_1", "2026"), ("si_2", "2027")), of(("si_1", None), ("si_2", None))
    for answered, told, in_doubt in [
        (new, old, False),
        (old, new, False),
        (new, new, False),
        (new, of(("si_1", "2026"), ("si_2", "2028")), True),
        (new, of(("si_1", None), ("si_3", None)), True),
        (old, of(("si_1", None)), True),
    ]:
        answer = told_at(1_002, "active", asked_from=1_000, facts=answered)
        event = told_at(1_001, "active", facts=told)
        assert resolve(ORDER_RULES["subscription"], {}, [answer, event]).in_doubt is in_doubt


def test_of_two_answers_the_one_that_was_asked_for_last_stands() -> None:
    heard = datetime(2026, 11, 20, tzinfo=UTC)
    first = told_at(1_005, "paused", asked_from=1_000, observed_at=heard)
    last = told_at(1_003, "active", asked_from=1_002, observed_at=heard + timedelta(seconds=2))
    unheard = replace(first, observed_at=None)
    for told in ([first, last], [last, first], [unheard, last], [last, unheard]):
        resolution = resolve(ORDER_RULES["subscription"], {}, told)
        assert (resolution.latest, resolution.kept) == (last, [last])
    # Ours tells nothing here, so the provider's clock does.
    sooner = replace(unheard, at=1_001, asked_from=1_001)
    for told in ([unheard, sooner], [sooner, unheard]):
        assert resolve(ORDER_RULES["subscription"], {}, told).latest == unheard


def test_what_is_kept_beside_an_object_is_read_as_it_was() -> None:
    current = {"status": "active", "seats": 2, "metadata": {}}
    heard = datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=UTC)
    told = [
        Snapshot(event_id="evt_1", at=1, facts=current, is_first=True, observed_at=heard),
        Snapshot(event_id="evt_2", at=2, facts={"status": "paused", "seats": None}, before={}),
        Snapshot(event_id="evt_3", at=None, facts=current, before={"seats": 1}, is_base=True),
        Snapshot(event_id="evt_4", at=4, facts=current, is_base=True, is_patchy=True),
        Snapshot(event_id="evt_5", at=5, facts={"seats": 0}, is_partial=True),
        Snapshot(event_id="evt_5", at=5, facts=current, is_reserve=True),
        Snapshot(event_id="evt_6", at=6, facts={}, is_partial=True, casts_doubt="re_1"),
        Snapshot(event_id="", at=7, facts=current, observed_at=heard, asked_from=6),
    ]
    packed = json.loads(json.dumps(pack(told, current)))
    assert unpack(packed, current) == told
    # Before 0.2.0 it was not kept which refund had cast doubt.
    [unnamed] = unpack([{"id": "evt_6", "at": 6, "partly": {}, "before": None, "doubt": True}], {})
    assert unnamed == replace(told[-2], casts_doubt="evt_6")
    # Most say what the object says: of that nothing is kept.
    assert "active" not in json.dumps(packed)


def test_the_reason_names_the_rule_that_decided() -> None:
    def reason(*told: Snapshot) -> OrderingReason:
        return resolve(ORDER_RULES["subscription"], told[0].facts, told).reason

    def at(seconds: int, status: str, **about: Any) -> Snapshot:
        facts = {"status": status}
        return Snapshot(event_id=f"evt_{status}_{seconds}", at=seconds, facts=facts, **about)

    assert reason(at(1, "active")) == OrderingReason.FIRST_HEARD
    told = at(1, "past_due", before={"status": "active"})
    assert reason(told, at(1, "active")) == OrderingReason.FOLLOWS
    assert reason(at(9, "active"), at(1, "canceled")) == OrderingReason.FINAL
    assert reason(at(1, "trialing", is_first=True), at(1, "active")) == OrderingReason.BEGINNING
    assert reason(at(9, "active"), at(1, "past_due")) == OrderingReason.CLOCK
    assert reason(at(1, "active"), at(1, "past_due")) == OrderingReason.UNDECIDED


def example() -> list[dict[str, str]]:
    """The events of the example in docs/billing.md, in the order in which they arrive."""
    lines = (Path(project.BASE_DIR) / "docs" / "billing.md").read_text().splitlines()
    cells = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines]
    head = next(row for row in cells if row[:2] == ["arrives", "event"])
    rows = [row for row in cells if len(row) == len(head) and row[1].startswith("evt_")]
    return [dict(zip(head, row, strict=True)) for row in rows]


def told_by(row: dict[str, str]) -> Event:
    *before, status = (state.strip(" `") for state in row["says"].split("→"))
    seconds = sum(
        int(part) * unit
        for part, unit in zip(row["made at"].split(":"), (3600, 60, 1), strict=True)
    )
    subject = build.subscription(status=status)
    told = event(row["type"], subject, id=row["event"], created=NOON + seconds)
    if before:
        told.payload["data"]["previous_attributes"] = {"status": before[0]}
    return told


@pytest.mark.django_db
def test_the_example_in_the_document_is_true() -> None:
    rows = example()
    assert len(rows) == 5
    for row in rows:
        [change] = send(told_by(row))
        subscription = Subscription.objects.get()
        stored, *doubt = (part.strip(" `") for part in row["then stored"].split(","))
        assert (subscription.status, change.reason) == (stored, row["decided by"])
        assert subscription.in_doubt is bool(doubt)


@pytest.mark.django_db
def test_the_example_ends_alike_in_every_order() -> None:
    for order in permutations(example()):
        BillingChange.objects.all().delete()
        Subscription.objects.all().delete()
        for row in order:
            send(told_by(row))
        subscription = Subscription.objects.get()
        assert (subscription.status, subscription.in_doubt) == ("canceled", False)


def test_the_document_has_the_rules_in_their_order() -> None:
    text = (Path(project.BASE_DIR) / "docs" / "billing.md").read_text()
    table = text.split("### The rules")[1].split("###")[0]
    assert re.findall(r"\| `(\w+)` \|", table)[2:] == [rule.reason for rule in RULES]
