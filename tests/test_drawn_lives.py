"""Lives of every type of object, told late, twice, in part and in two shapes: what is not in doubt
is as Stripe had it.

`SUITE_LIVES` is how many are drawn, and `SUITE_SEED` is the first one's seed; each that fails is
named with its own, so `SUITE_LIVES=1 SUITE_SEED=...` shows it again.
"""

import os
import random
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Any, Final

import pytest

from billing.models import MODELS
from billing.ordering import facts_of
from billing.translators.stripe import translate_object
from tests.billing_in_memory import BLANK, Billing, Held
from tests.drawn_lives import NOON, Json, Key, Life, State, Way
from tests.drawn_steps import EVERYDAY, LIVES
from webhooks.testing.fake_stripe import (
    CURRENT,
    OLD,
    World,
    customers,
    subscription_pauses,
    subscriptions,
)

SEED: Final = int(os.environ.get("SUITE_SEED", 1))
NUMBER: Final = int(os.environ.get("SUITE_LIVES", 400))

EVERYDAY_LIVES: Final = 60
FEW: Final = 0.01
"""Of all events of everyday life, on account of how many Stripe may be asked at most."""

pytestmark = pytest.mark.one_database


def silent_errors(billing: Billing) -> Iterator[str]:
    """Yield what billing holds, is not in doubt, and is not as Stripe had it."""
    for key, held in billing.held.items():
        if held.in_doubt or held.newest < 0:
            continue
        state = billing.life.states[key][held.newest]
        if state.is_deleted != held.facts.get("deleted", False):
            yield f"{key}: deleted"
        # Of what was deleted, Stripe answers that and no more.
        elif not (state.is_deleted and held.was_asked):
            yield from (
                f"{key}: {name} is {held.facts[name]!r} and not {right!r}"
                for name, right in _right(key, held, state)
                if held.facts[name] not in right
            )


def _right(key: Key, held: Held, state: State) -> Iterator[tuple[str, list[Any]]]:
    """Yield each fact with the values that are right: Stripe's in either of the shapes.

    What the last that was heard had no word for is known from what had one.
    """
    changes = [translate_object(state.current), translate_object(state.old)]
    truth = [facts_of(change) for change in changes if change]
    for name in BLANK[key[0]].keys() - {"deleted"}:
        about, value = held.told.get(name, (-1, BLANK[key[0]][name]))
        others = [] if about == held.newest and any(name in one for one in truth) else [value]
        yield name, [*(one[name] for one in truth if name in one), *others]


def lived(seed: int, way: Way, *, can_ask: bool, kind: str = "") -> Billing:
    life = Life(seed, kind)
    billing = Billing(life, can_ask=can_ask)
    for delivery in life.deliveries(way):
        billing.hear(delivery)
    return billing


def errors_of(seed: int) -> Iterator[str]:
    rng = random.Random(f"the way of {seed}")  # noqa: S311
    way, can_ask = Way.drawn(rng), rng.random() < 0.3
    billing = lived(seed, way, can_ask=can_ask)
    for error in silent_errors(billing):
        yield f"SUITE_SEED={seed} ({billing.life.kind}, {way}, {can_ask=}): {error}"


def test_what_is_not_in_doubt_is_right() -> None:
    assert [error for seed in range(SEED, SEED + NUMBER) for error in errors_of(seed)] == []


def test_every_type_of_object_lives() -> None:
    heard = {
        kind
        for sort, seed in product(LIVES, range(5))
        for kind, _ in lived(seed, Way(), can_ask=False, kind=sort).held
    }
    # Of what is for sale, ways to pay and the books the fake Stripe makes no events.
    assert heard == MODELS.keys() - {
        *("balance_transaction", "coupon", "credit_note", "discount", "payment_method", "price"),
        *("product", "promotion_code", "setup_intent"),
    }


@pytest.mark.parametrize("pause", [0, 12, 3_600])
def test_a_change_undone_is_undone_in_every_mixture_of_shapes(pause: int) -> None:
    world = World(1, now=NOON)
    account = world.account()
    own_id = subscriptions.create(account, customers.create(account)["id"], trial_days=14)["id"]
    for act in (subscription_pauses.cancel_later, subscription_pauses.keep):
        world.advance(pause)
        act(account, own_id)
    told = [one for one in world.events if one.event["data"]["object"]["id"] == own_id]
    for shapes in product((CURRENT, OLD), repeat=len(told)):
        for order in permutations(
            [one.rendered(each) for one, each in zip(told, shapes, strict=True)]
        ):
            held = heard_in(order)
            assert held.in_doubt or held.facts["cancel_at_period_end"] is False
            assert pause == 0 or not held.in_doubt


def heard_in(order: Sequence[Json]) -> Held:
    """Return what is held of one object after its events in this order."""
    billing = Billing(Life(1), can_ask=False)
    for payload in order:
        [(_, _, held)] = billing.apply(payload)
    return held


@pytest.mark.parametrize("shuffled", [False, True])
def test_few_objects_are_fetched(shuffled: bool) -> None:
    way = Way(shapes=(CURRENT, OLD), shuffled=shuffled)
    told = [lived(seed, way, can_ask=True, kind=EVERYDAY) for seed in range(EVERYDAY_LIVES)]
    assert sum(one.fetches for one in told) < FEW * sum(one.events for one in told)
