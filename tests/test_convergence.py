"""Whole stories, told in any order and any number of times: billing ends up as Stripe has it.

`SUITE_ORDERS` is how many orders are tried, with fetching and without.
"""

import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from pytest_django import Settings

from billing.models import MODELS, BillingChange, ProviderObject
from billing.operations import apply_all
from billing.ordering import plain
from billing.translators.stripe import EVENT_TYPES, translate, translate_object
from tests.delivering import deliver
from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.providers.stripe import StripeProvider
from webhooks.signals import matches
from webhooks.testing import recordings
from webhooks.testing.fake_stripe import (
    CURRENT,
    OLD,
    Account,
    Served,
    World,
    deliverable,
    random_story,
    truth,
)
from webhooks.testing.fake_stripe.reading import expanded
from webhooks.testing.stripe_events import thinned

Json = dict[str, Any]

IN_THE_SUITE = 150
NOON = 1_790_000_000
ORDERS = int(os.environ.get("SUITE_ORDERS", IN_THE_SUITE))
STEPS = 8

MOSTLY_DECIDED = 0.05
"""Of all objects, how many may be in doubt at most when Stripe can't be asked."""


def drawn(test: Callable[..., None]) -> Callable[..., None]:
    """Have a test tried with many seeds: the same ones in the suite, others each night."""
    chosen = settings_of_hypothesis(
        max_examples=ORDERS // 4,
        deadline=None,
        derandomize=ORDERS == IN_THE_SUITE,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    return chosen(given(seed=st.integers(0, 2**32))(test))


STORIES = recordings.recorded_stories()

pytestmark = pytest.mark.django_db


def forget() -> None:
    """Start from nothing."""
    models: list[type[Model]] = [BillingChange, WebhookEvent, *MODELS.values()]
    for model in models:
        model._default_manager.all().delete()


def followed(payloads: list[Json]) -> list[Json]:
    return [payload for payload in payloads if matches(payload["type"], EVENT_TYPES)]


def in_any_order(payloads: list[Json], rng: random.Random) -> list[Json]:
    """All of them, some more than once, in an order that is drawn."""
    order = payloads + (rng.choices(payloads, k=len(payloads) // 4) if payloads else [])
    rng.shuffle(order)
    return order


def hear(payload: Json) -> None:
    """Apply an event by itself, as the handler does when nothing can be fetched."""
    body = json.dumps(payload).encode()
    provider, now = StripeProvider(), timezone.now()
    [event] = provider.verify(
        body, provider.sign(body, secret="whsec_x", now=now), secrets=["whsec_x"], now=now
    )
    with transaction.atomic():
        apply_all(event, translate(event))


PAYMENTS = ["payments"]

IN_OLD_SHAPES = frozenset(
    {
        *("items", "current_period_start", "current_period_end"),
        *("invoice_id", "subscription_id", "charge_id", "payment_intent_id", "latest_charge_id"),
    }
)
"""What Stripe tells in one of its shapes only, or in another way."""


def wrong(told: list[Json], theirs: list[Json]) -> list[tuple[ProviderObject, str, Any]]:
    """The fields stored that are not as Stripe has them.

    `told` is the events in true order, `theirs` the objects as they are now.
    """
    facts: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for change in map(translate_object, theirs):
        if change:
            for name, value in change.facts().items():
                facts[change.provider_id][name].append(value)
    for change in (change for payload in told for change in translate(as_event(payload))):
        if change.complete:
            for name, value in change.facts().items():
                known = facts[change.provider_id]
                if not theirs or name in IN_OLD_SHAPES:
                    known[name] = [*known[name][: bool(theirs)], value]
    return [
        (row, name, getattr(row, name))
        for row in rows()
        # Of what was deleted, Stripe answers that and no more, and thin events tell no more.
        if not (row.deleted and (row.fetched_at or row.created_at is None))
        for name, values in facts[row.provider_id].items()
        if getattr(row, name) not in values
        # What no event and no answer had a word for is not known, and not wrong.
        and not (name in IN_OLD_SHAPES and getattr(row, name) in ("", None))
    ]


def rows() -> Iterator[ProviderObject]:
    for model in MODELS.values():
        yield from model._default_manager.all()


def as_event(payload: Json) -> Event:
    return Event(provider="stripe", id=payload["id"], type=payload["type"], payload=payload)


def assert_history_explains_everything() -> None:
    """From nothing, the changes on record lead to what is stored, each with its reason."""
    for model in MODELS.values():
        for row in model._default_manager.all():
            facts: Json = {}
            history = BillingChange.objects.filter(
                provider_id=row.provider_id, object_type=row.object_type, **row.scope
            )
            for change in history.order_by("pk"):
                assert change.reason
                for name, (before, after) in change.fields.items():
                    assert facts.get(name, plain(getattr(model(), name))) == before
                    facts[name] = after
            assert {name: plain(getattr(row, name)) for name in facts} == facts


def as_answered(account: Account) -> list[Json]:
    """The account's objects, invoices with their payments."""
    return [
        expanded(account, subject, PAYMENTS) if subject["object"] == "invoice" else subject
        for subject in truth(account.world, account=account.id).values()
    ]


def as_sent(payload: Json, told_by: str, rng: random.Random) -> list[Json]:
    """An event as snapshot and thin destinations get it."""
    if told_by == "either":
        told_by = rng.choice(["snapshots", "thin events", "both"])
    forms = {"snapshots": [payload], "thin events": [thinned(payload)]}
    return forms.get(told_by) or [payload, thinned(payload)]


def tell_while_it_happens(
    served: Served, account: Account, told_by: str, rng: random.Random
) -> list[Json]:
    """A story of an account of its own, delivered in any order as it goes; its events."""
    version = rng.choice([CURRENT, OLD])
    began, on_their_way = len(served.world.events), list[Json]()
    for _ in range(STEPS // 2):
        so_far = len(served.world.events)
        random_story(served.world, rng, 2, account=account)
        for payload in followed(deliverable(served.world, api_version=version, since=so_far)):
            on_their_way += as_sent(payload, told_by, rng)
        rng.shuffle(on_their_way)
        arriving = rng.randrange(len(on_their_way) + 1)
        for payload in on_their_way[:arriving]:
            deliver(payload)
        on_their_way = on_their_way[arriving:]
    for payload in in_any_order(on_their_way, rng):
        deliver(payload)
    return deliverable(served.world, api_version=version, since=began)


@pytest.mark.parametrize(
    ("fetching", "told_by"),
    [
        *(("undecidable", "snapshots"), ("always", "snapshots")),
        *(("undecidable", "thin events"), ("undecidable", "either")),
    ],
)
@drawn
def test_generated_stories_converge_when_stripe_can_be_asked(
    stripe: Served, fetching: str, told_by: str, settings: Settings, seed: int
) -> None:
    if fetching != settings.STRIPE_FETCH:
        settings.STRIPE_FETCH = fetching
    forget()
    account = stripe.world.account(f"acct_{len(stripe.world.events)}")
    told = tell_while_it_happens(stripe, account, told_by, random.Random(seed))  # noqa: S311
    assert wrong(told, as_answered(account)) == []
    assert [row for row in rows() if row.in_doubt] == []
    assert_history_explains_everything()


@drawn
def test_generated_stories_end_right_or_in_doubt_when_it_cannot(seed: int) -> None:
    forget()
    world, rng = World(seed, now=NOON), random.Random(seed)  # noqa: S311
    random_story(world, rng, STEPS)
    told = deliverable(world, api_version=rng.choice([CURRENT, OLD]))
    for payload in in_any_order(followed(told), rng):
        hear(payload)
    assert [
        found for found in wrong(told, list(truth(world).values())) if not found[0].in_doubt
    ] == []
    assert_history_explains_everything()


def test_few_objects_end_in_doubt() -> None:
    in_doubt = of_all = 0
    for seed in range(20):
        forget()
        world, rng = World(seed, now=NOON), random.Random(seed)  # noqa: S311
        random_story(world, rng, STEPS)
        for payload in in_any_order(followed(deliverable(world)), rng):
            hear(payload)
        in_doubt += sum(row.in_doubt for row in rows())
        of_all += len(list(rows()))
    assert in_doubt < of_all * MOSTLY_DECIDED


def of_a_clock_that_runs_back(told: list[Json]) -> set[str]:
    """The objects of which an event was made before the one that it follows, by the clock.

    Recordings have had their times renumbered. To the ordering, an update is missing there.
    """
    made = defaultdict[str, list[int]](list)
    for payload in told:
        made[payload["data"]["object"].get("id", "")].append(payload["created"])
    return {subject for subject, times in made.items() if times != sorted(times)}


@pytest.mark.skipif(not STORIES, reason="no recorded events are at hand")
def test_recorded_stories_end_as_they_did_in_any_order() -> None:
    for told in STORIES.values():
        contradicted = of_a_clock_that_runs_back(told)
        for seed in range(ORDERS // 50):
            forget()
            for payload in in_any_order(followed(told), random.Random(seed)):  # noqa: S311
                hear(payload)
            assert [found for found in wrong(told, []) if not found[0].in_doubt] == []
            assert {row.provider_id for row in rows() if row.in_doubt} <= contradicted
            assert_history_explains_everything()
