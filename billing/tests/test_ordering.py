"""What is told of an object, in whatever order: the last of it is found, or that is in doubt."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.ordering.latest import latest, prune
from billing.ordering.merge import merge
from billing.ordering.rules import Reason, Ruling
from billing.ordering.snapshots import Snapshot

ROUNDABOUT = ["active", "past_due", "unpaid", "trialing"]


@dataclass
class Life:
    """One object's life, as draws decide it, and what was told of it in true order."""

    draw: Callable[[st.SearchStrategy[Any]], Any]
    state: dict[str, Any]
    at: int = 1000
    told: list[Snapshot] = field(default_factory=list)

    def tell(self, **about: Any) -> None:
        self.told.append(
            Snapshot(event_id=f"evt_{len(self.told):03}", at=self.at, said=self.state, **about)
        )

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
    return life.told


def heard(kind: str, snapshots: list[Snapshot]) -> Ruling | None:
    """What stands after snapshots have come in one by one."""
    known: list[Snapshot] = []
    ruling = None
    for one in snapshots:
        ruling = latest(kind, [*known, one])
        known = prune(kind, [*known, one])
    return ruling


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_what_stands_without_doubt_is_what_came_last(data: st.DataObject) -> None:
    told = data.draw(lives())
    ruling = heard("subscription", data.draw(st.permutations(told)))
    if ruling and not ruling.in_doubt:
        assert ruling.last.said == told[-1].said


def update(at: int, before: str, status: str) -> Snapshot:
    return Snapshot(
        event_id=f"evt_{at}_{before}_{status}",
        at=at,
        said={"status": status},
        before={"status": before},
    )


CREATED = Snapshot(event_id="evt_0", at=1, said={"status": "trialing"}, is_first=True)
ROUND = [update(1, "trialing", "active"), update(1, "active", "past_due")]


@given(st.permutations([CREATED, *ROUND, update(1, "past_due", "active")]))
def test_a_round_within_one_second_is_followed_to_its_end(told: list[Snapshot]) -> None:
    ruling = heard("subscription", told)
    assert ruling
    assert (ruling.last.status, ruling.in_doubt) == ("active", False)


def test_a_step_told_twice_leaves_open_how_often_it_was_taken() -> None:
    again = replace(ROUND[1], event_id="evt_again")
    told = [CREATED, *ROUND, update(1, "past_due", "active"), again]
    ruling = heard("subscription", told)
    assert ruling
    assert ruling.in_doubt


def test_what_comes_after_its_second_was_summed_up_leaves_a_doubt() -> None:
    there, back = update(1, "active", "past_due"), update(1, "past_due", "active")
    again = [update(999, "active", "past_due"), update(999, "past_due", "active")]
    ruling = heard("subscription", [ROUND[0], back, again[0], there, again[1]])
    assert ruling
    assert (ruling.last.status, ruling.in_doubt) != ("past_due", False)


@st.composite
def moments(draw: Callable[[st.SearchStrategy[Any]], Any], count: int) -> list[int]:
    """So many moments in order, in milliseconds, some of them within one second."""
    steps = st.lists(st.sampled_from([1, 300, 999, 5000]), min_size=count, max_size=count)
    now, found = 1_000_000, []
    for step in draw(steps):
        now += step
        found.append(now)
    return found


def clock(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_an_answer_stands_until_something_later_is_heard(data: st.DataObject) -> None:
    told = data.draw(lives())
    # When each event was made, then when the provider was asked, looked, and answered.
    when = data.draw(moments(len(told)))
    asked, looked, answered = data.draw(moments(3))
    delays = [data.draw(st.sampled_from([0, 1, 700, 9000])) for _ in told]
    told = [
        replace(one, at=made // 1000, heard_at=clock(made + delay))
        for one, made, delay in zip(told, when, delays, strict=True)
    ]
    seen = [one for one, made in zip(told, when, strict=True) if made <= looked]
    if not seen:
        return
    answer = Snapshot(
        event_id="",
        at=answered // 1000,
        said=seen[-1].said,
        heard_at=clock(asked),
        asked_from=asked // 1000,
    )
    known: list[Snapshot] = []
    arrivals = [(one.heard_at or clock(0), one) for one in told] + [(clock(answered), answer)]
    for _, one in sorted(arrivals, key=lambda arrival: arrival[0]):
        if one is answer:
            known = [other for other in known if not answer.covers(other)]
        ruling = latest("subscription", [*known, one])
        known = prune("subscription", [*known, one])
    assert ruling
    if not ruling.in_doubt:
        assert ruling.last.said == told[-1].said


def charge(at: int, refunded: int, **about: Any) -> Snapshot:
    said = {"status": "succeeded", "amount_refunded": refunded, "refunded": refunded == 900}
    return Snapshot(event_id=f"evt_{at}_{refunded}", at=at, said=said, **about)


def concluded(kind: str, *snapshots: Snapshot) -> tuple[Any, Any]:
    """The amount given back that is concluded from snapshots, and whether in doubt."""
    ruling = latest(kind, snapshots)
    facts, in_doubt = merge(kind, snapshots[0].said, snapshots, ruling)
    return facts["amount_refunded"], in_doubt


@given(st.permutations([charge(50, 0), charge(50, 300), charge(50, 600), charge(50, 900)]))
def test_partial_refunds_of_one_second_are_told_by_what_they_come_to(told: list[Snapshot]) -> None:
    ruling = heard("charge", told)
    assert ruling
    assert (ruling.last, ruling.in_doubt) == (charge(50, 900), False)


def test_a_clock_that_contradicts_what_only_grows_leaves_a_doubt() -> None:
    assert concluded("charge", charge(50, 600), charge(51, 300)) == (600, True)
    assert concluded("charge", charge(50, 600), charge(5000, 300)) == (600, True)
    assert concluded("charge", charge(50, 300), charge(51, 600)) == (600, False)


def test_money_that_is_said_to_have_come_home_has() -> None:
    came_home = charge(90, 0, before={"amount_refunded": 600})
    for told in ([charge(50, 600), came_home], [came_home, charge(50, 600)]):
        assert concluded("charge", *told) == (0, False)


def test_it_is_told_how_it_was_decided() -> None:
    def reason(*told: Snapshot) -> Reason:
        ruling = latest("subscription", told)
        assert ruling
        return ruling.reason

    def at(seconds: int, status: str, **about: Any) -> Snapshot:
        said = {"status": status}
        return Snapshot(event_id=f"evt_{status}_{seconds}", at=seconds, said=said, **about)

    assert reason(at(1, "active")) == Reason.FIRST_HEARD
    told = at(1, "past_due", before={"status": "active"})
    assert reason(told, at(1, "active")) == Reason.FOLLOWS
    assert reason(at(9, "active"), at(1, "canceled")) == Reason.FINAL
    assert reason(at(1, "trialing", is_first=True), at(1, "active")) == Reason.BEGINNING
    assert reason(at(9, "active"), at(1, "past_due")) == Reason.CLOCK
    assert reason(at(1, "active"), at(1, "past_due")) == Reason.UNDECIDED
