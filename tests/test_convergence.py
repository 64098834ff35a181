"""Whole stories, told in any order and any number of times: billing ends up as Stripe has it.

`SUITE_ORDERS` is how many orders are tried, with fetching and without.
"""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from billing.models import MODELS, BillingChange, ProviderObject
from billing.operations import apply_all
from billing.statements import plain
from billing.translators.stripe import EVENT_TYPES, translate, translate_object
from tests.delivering import deliver
from tests.fake_stripe import CURRENT, OLD, World, deliverable, random_story, truth
from tests.fake_stripe.server import Served
from webhooks.events import Event
from webhooks.models import WebhookEvent
from webhooks.providers.stripe import StripeProvider
from webhooks.signals import matches

Json = dict[str, Any]

ORDERS = int(os.environ.get("SUITE_ORDERS", "500"))
STEPS = 8

MOSTLY_DECIDED = 0.05
"""Of all objects, how many may be in doubt at most when Stripe can't be asked."""

RECORDED = Path(settings.BASE_DIR).parent / "shared" / "data" / "stripe"
STORIES = sorted(RECORDED.glob("sequences-*/*.json"))

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


def wrong(told: list[Json], *others: Json) -> list[tuple[ProviderObject, str, Any]]:
    """The fields stored that no object of the same id says at last, in whatever shape.

    `told` is the events in true order, of which the last tell; `others` are objects as well.
    """
    last: dict[str, dict[str, list[Any]]] = {}
    for payload in told:
        event = Event(provider="stripe", id=payload["id"], type=payload["type"], payload=payload)
        for change in translate(event):
            if change.complete:
                facts = {name: [value] for name, value in change.facts().items()}
                last[change.provider_id] = facts
    for subject in others:
        answer = translate_object(subject)
        if answer and answer.provider_id in last:
            for name, value in answer.facts().items():
                last[answer.provider_id].setdefault(name, []).append(value)
    return [
        (row, name, getattr(row, name))
        for model in MODELS.values()
        for row in model._default_manager.all()
        # Of what was deleted, Stripe answers that and no more.
        if not (row.deleted and row.fetched_at)
        for name, values in last.get(row.provider_id, {}).items()
        if getattr(row, name) not in values
    ]


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


def rows() -> Iterator[ProviderObject]:
    for model in MODELS.values():
        yield from model._default_manager.all()


def tell_while_it_happens(served: Served, seed: int) -> list[Json]:
    """A story of an account of its own, delivered in any order as it goes; its events."""
    rng = random.Random(seed)  # noqa: S311
    account = served.world.account(f"acct_{seed}")
    version = rng.choice([CURRENT, OLD])
    began, on_their_way = len(served.world.events), list[Json]()
    for _ in range(STEPS // 2):
        so_far = len(served.world.events)
        random_story(served.world, rng, 2, account=account)
        on_their_way += followed(deliverable(served.world, api_version=version, since=so_far))
        rng.shuffle(on_their_way)
        arriving = rng.randrange(len(on_their_way) + 1)
        for payload in on_their_way[:arriving]:
            deliver(payload)
        on_their_way = on_their_way[arriving:]
    for payload in in_any_order(on_their_way, rng):
        deliver(payload)
    return deliverable(served.world, api_version=version, since=began)


@pytest.mark.parametrize("fetching", ["undecidable", "always"])
def test_generated_stories_converge_when_stripe_can_be_asked(
    stripe: Served, fetching: str, settings: Settings
) -> None:
    settings.STRIPE_FETCH = fetching
    for seed in range(ORDERS // 4):
        forget()
        told = tell_while_it_happens(stripe, seed)
        theirs = truth(stripe.world, account=f"acct_{seed}").values()
        assert wrong(told, *theirs) == []
        assert [row for row in rows() if row.in_doubt] == []
        assert_history_explains_everything()


def test_generated_stories_end_right_or_in_doubt_when_it_cannot() -> None:
    in_doubt = all_rows = 0
    for seed in range(ORDERS // 4):
        forget()
        world, rng = World(seed), random.Random(seed)  # noqa: S311
        random_story(world, rng, STEPS)
        told = deliverable(world, api_version=rng.choice([CURRENT, OLD]))
        for payload in in_any_order(followed(told), rng):
            hear(payload)
        assert [found for found in wrong(told) if not found[0].in_doubt] == []
        assert_history_explains_everything()
        in_doubt += sum(row.in_doubt for row in rows())
        all_rows += len(list(rows()))
    assert in_doubt < all_rows * MOSTLY_DECIDED


@pytest.mark.skipif(not STORIES, reason="no recorded events are at hand")
def test_recorded_stories_end_as_they_did_in_any_order() -> None:
    for path in STORIES:
        told = json.loads(path.read_text())
        for seed in range(ORDERS // 4 // len(STORIES)):
            forget()
            for payload in in_any_order(followed(told), random.Random(seed)):  # noqa: S311
                hear(payload)
            assert wrong(told) == []
            assert [row for row in rows() if row.in_doubt] == []
            assert_history_explains_everything()
