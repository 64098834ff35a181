"""Three days in which some deliveries are lost: all of it is brought back, and happens once."""

import random
import time
from collections import Counter
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import BillingChange
from billing.translators.stripe import translate
from tests.delivering import deliver
from tests.test_convergence import assert_history_explains_everything, followed, rows, wrong
from webhooks.events import Event
from webhooks.models import Attempt, Reconciliation, WebhookEvent
from webhooks.testing.fake_stripe import (
    Fault,
    Served,
    World,
    catalog,
    deliverable,
    random_story,
    truth,
)
from webhooks.testing.fake_stripe.subscription_steps import PRICES

Json = dict[str, Any]

HOUR = 3600
OUTAGE = 72 * HOUR
PAUSES = (1, 60, HOUR // 3, HOUR)
PAGE = 100
LIST = "/v1/events"

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[1, 2])
def rng(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.param)  # noqa: S311


@pytest.fixture
def world(rng: random.Random) -> World:
    """Three days ago."""
    now = int(time.time())
    world = World(rng.random(), now=now - OUTAGE, until=now)
    for price in PRICES:
        catalog.define(world.account(), price, interval="day")
    return world


def outage(world: World, rng: random.Random) -> tuple[list[Json], list[Json]]:
    """What happens in three days, of which about half is delivered as it happens: all, and what
    was lost."""
    lost: list[Json] = []
    assert world.until
    while world.now < world.until - HOUR:
        so_far = len(world.events)
        random_story(world, rng, 1, pauses=PAUSES)
        for payload in deliverable(world, since=so_far):
            if rng.random() < 0.5:
                deliver(payload)
            else:
                lost.append(payload)
    return deliverable(world), lost


def reconcile(*arguments: str) -> str:
    output = StringIO()
    call_command("reconcile_events", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def ids(payloads: list[Json]) -> set[str]:
    return {payload["id"] for payload in payloads}


def fetched() -> set[str]:
    """The events that were not delivered, and came all the same."""
    return {row.event_id for row in WebhookEvent.objects.all() if row.was_fetched}


def assert_everything_happened_once(world: World, told: list[Json]) -> None:
    """All events are settled, after one try each, and billing is what Stripe has."""
    assert set(WebhookEvent.objects.values_list("event_id", flat=True)) == ids(told)
    settled = dict(WebhookEvent.objects.values_list("event_id", "status"))
    of_ours = ids(followed(told))
    assert {settled[event] for event in of_ours} == {"processed"}
    assert {settled[event] for event in ids(told) - of_ours} <= {"ignored"}
    assert Counter(Attempt.objects.values_list("event__event_id", flat=True)) == Counter(ids(told))
    effects = BillingChange.objects.filter(source=BillingChange.Source.EVENT)
    applied = Counter(effects.values_list("event_id", "object_type", "provider_id"))
    assert set(applied.values()) == {1}
    assert {event for event, _, _ in applied} == of_ours

    assert {(row.object_type, row.provider_id) for row in rows()} == told_of(told)
    assert wrong(told, list(truth(world).values())) == []
    assert [row for row in rows() if row.in_doubt] == []
    assert_history_explains_everything()


def told_of(told: list[Json]) -> set[tuple[str, str]]:
    """The objects that billing has to know after these events."""
    events = [Event(provider="stripe", id=p["id"], type=p["type"], payload=p) for p in told]
    changes = [change for event in events for change in translate(event)]
    return {(change.object_type, change.provider_id) for change in changes}


def test_exactly_what_was_lost_is_brought_back(
    stripe: Served, world: World, rng: random.Random
) -> None:
    told, lost = outage(world, rng)
    assert len(told) > 2 * PAGE

    said = reconcile("--since", "73h")

    known = len(told) - len(lost)
    assert f"{len(told)} events seen, {known} known, {len(lost)} recorded" in said
    assert fetched() == ids(lost)
    assert_everything_happened_once(world, told)


def test_an_interrupted_recovery_is_resumed(
    stripe: Served, world: World, rng: random.Random
) -> None:
    told, lost = outage(world, rng)
    world.faults.add(Fault("error_before", "GET", LIST, skip=1, times=3))

    with pytest.raises(CommandError, match="--resume"):
        reconcile("--since", "73h")
    of_the_first_page = ids(lost) & ids(told[-PAGE:])
    assert fetched() == of_the_first_page
    assert 0 < len(of_the_first_page) < len(lost)

    reconcile("--resume")
    assert fetched() == ids(lost)
    order = Reconciliation.objects.get()
    assert (order.seen, order.recorded) == (len(told), len(lost))
    assert_everything_happened_once(world, told)
