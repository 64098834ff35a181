"""Drills: something is broken, the runbook is followed to the letter, and then all is well."""

import random
import time
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from redis import Redis

from billing.models import MODELS, FetchLock, ProviderObject
from billing.privacy.erasure import erase
from billing.stripe_client import StripeClient
from tests import delivering
from tests.runbook import Operator
from webhooks import audit, conf
from webhooks.events import Event, ObjectScope
from webhooks.guards import replay_cache
from webhooks.models import WebhookEvent
from webhooks.processing.ignore import ignore
from webhooks.processing.sweep import sweep
from webhooks.testing import deliver, sample
from webhooks.testing.audit_trail import found
from webhooks.testing.fake_stripe import (
    Policy,
    Served,
    World,
    catalog,
    customers,
    deliverable,
    random_story,
)
from webhooks.testing.fake_stripe.subscription_steps import PRICES
from webhooks.testing.plugin import Subscribe

Json = dict[str, Any]

DAY: Final = 24 * 3600
AGO: Final = 6 * DAY
NEW_SECRET: Final = "whsec_made_by_somebody_at_the_provider"

pytestmark = pytest.mark.django_db


def statuses() -> dict[str, str]:
    return dict(WebhookEvent.objects.values_list("event_id", "status"))


@pytest.fixture
def redis(settings: Settings) -> Redis:
    """A client of the suite's Redis."""
    return Redis.from_url(settings.REDIS_URL, decode_responses=True)


# A lock that stays


@pytest.mark.postgresql
def test_a_lock_that_a_dead_delivery_left_is_found_and_removed(
    redis: Redis, settings: Settings
) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    payload = sample("test.happened")
    event = Event(provider="stripe", id=payload["id"], type=payload["type"], payload=payload)
    dead = replay_cache.delivery(event)
    dead.__enter__()
    operator = Operator({"EVENT": payload["id"]})

    state, seconds = operator.follow("A lock that stays", " GET ", " TTL ").split()
    assert state.startswith("L")
    assert 0 < int(seconds) <= 30
    # It shuts nobody out: the database decides.
    assert deliver(payload).status_code == 200
    operator.follow("A lock that stays", "release_event")
    assert operator.follow("A lock that stays", " GET ").strip() == ""

    held = f"webhooks:delivery:stripe:{payload['id']}"
    redis.set(held, "L0")
    operator.follow("A lock that stays", " DEL ")
    assert not redis.exists(held)


@pytest.mark.postgresql
def test_a_lock_on_fetching_is_removed_once_its_lease_is_over() -> None:
    now = timezone.now()
    for name, until in {"cus_over": -1, "cus_held": 20}.items():
        FetchLock.objects.create(
            provider="stripe",
            livemode=False,
            object_type="customer",
            provider_id=name,
            token=name,
            held_until=now + timedelta(seconds=until),
        )
    told = Operator({}).follow("A lock that stays", "SELECT object_type", "DELETE FROM")
    assert told.count("True") == told.count("False") == 1
    assert [lock.provider_id for lock in FetchLock.objects.all()] == ["cus_held"]


# A poison event, and a backlog


def test_a_poison_event_fails_alone_and_is_run_again_once_mended(
    settings: Settings, subscribe: Subscribe
) -> None:
    is_mended = False

    def end_the_worker(event: Event) -> None:
        if event.type == "test.poison" and not is_mended:
            raise SystemExit

    settings.WEBHOOK_PROCESSING = "loop"
    subscribe(end_the_worker)
    poison, *others = [sample(f"test.{name}") for name in ("poison", "first", "second")]
    for payload in (poison, *others):
        deliver(payload)

    def lives_through(now: datetime) -> bool:
        """Be a worker; false when it does not live to the end."""
        try:
            list(sweep(clock=lambda: now))
        except SystemExit:
            return False
        return True

    now = timezone.now()
    while not lives_through(now):
        now += conf.lease()
    assert statuses() == {poison["id"]: "failed"} | {each["id"]: "processed" for each in others}

    operator, row = Operator({"EVENT": poison["id"]}), WebhookEvent.objects.get(type="test.poison")
    assert ignore(row, actor="ada", reason="out of the way", now=timezone.now())
    is_mended, settings.WEBHOOK_PROCESSING = True, "request"
    operator.follow("A poison event", "replay_events")
    assert set(statuses().values()) == {"processed"}


@pytest.mark.django_db(transaction=True)
def test_a_backlog_is_seen_and_worked_off(settings: Settings, subscribe: Subscribe) -> None:
    settings.WEBHOOK_PROCESSING = "loop"
    handled: list[str] = []
    subscribe(lambda event: handled.append(event.id))
    waiting = [sample("test.happened") for _ in range(25)]
    for payload in waiting:
        deliver(payload)
    if settings.DATABASE_URL:
        assert "'test.happened', 25," in Operator({}).follow("A backlog", "dbshell")
    Operator({}).follow("Events wait too long")
    assert handled == [payload["id"] for payload in waiting]
    assert not WebhookEvent.objects.due(timezone.now()).exists()


# A secret that changed


@pytest.mark.django_db(transaction=True)
def test_no_delivery_is_lost_to_a_secret_that_was_changed_without_us(
    stripe: Served, live_server: LiveServer, settings: Settings
) -> None:
    former = settings.STRIPE_WEBHOOK_SECRET
    stripe.world.advance(AGO)
    stripe.deliveries.follow(Policy(retries=()))
    stripe.deliver_to(f"{live_server.url}/webhooks/stripe", NEW_SECRET)
    customers.create(stripe.account, name="Ada")
    customers.create(stripe.account, name="Bea")
    assert stripe.deliveries.wait_until_idle()
    assert {each.status for each in stripe.deliveries.attempts} == {400}
    assert statuses() == {}

    settings.STRIPE_WEBHOOK_SECRET = f"{NEW_SECRET},{former}"
    Operator({}).follow("A secret that changed", "--undelivered")
    customers.create(stripe.account, name="Cleo")
    assert stripe.deliveries.wait_until_idle()
    assert stripe.deliveries.attempts[-1].status == 200
    assert statuses() == {payload["id"]: "processed" for payload in deliverable(stripe.world)}


# A restored database


@pytest.fixture
def world() -> World:
    """Six days ago."""
    now = int(time.time())
    world = World(3, now=now - AGO, until=now)
    for price in PRICES:
        catalog.define(world.account(), price, interval="day")
    return world


def live_on(world: World, seed: int) -> None:
    """Let something happen, and be delivered."""
    so_far = len(world.events)
    random_story(world, random.Random(seed), 25, pauses=(1, 60, 3600))  # noqa: S311
    for payload in deliverable(world, since=so_far):
        delivering.deliver(payload)


def billing() -> dict[tuple[str, str], Any]:
    """What is known of each object."""
    rows: list[ProviderObject] = [
        row for each in MODELS.values() for row in each._default_manager.all()
    ]
    return {(row.object_type, row.provider_id): (row.facts(), row.in_doubt) for row in rows}


def test_a_restored_database_catches_up(stripe: Served, world: World, settings: Settings) -> None:
    live_on(world, 1)
    audit.seal(now=timezone.now())
    anchor, restored_to = str(audit.current_anchor()), world.now
    somebody = next(iter(world.account().all("customer")))["id"]
    back_up = transaction.savepoint()

    live_on(world, 2)
    scope = ObjectScope(provider="stripe", account="", livemode=False)
    erase(somebody, scope, actor="ada", reason="asked")
    # An answer tells of some fields that no event has.
    Operator({}).follow("A restored database", "reconcile_billing")
    lost, known = billing(), statuses().keys()
    transaction.savepoint_rollback(back_up)
    assert len(statuses()) < len(known)

    since = datetime.fromtimestamp(restored_to - 3 * DAY, tz=timezone.get_current_timezone())
    operator = Operator({"ANCHOR": anchor, "CUSTOMER": somebody, "SINCE": since.isoformat()})
    operator.follow("A restored database")
    assert billing() == lost
    assert statuses().keys() == known
    assert not found()


def test_without_a_back_up_everything_of_a_month_comes_back(stripe: Served, world: World) -> None:
    empty = transaction.savepoint()
    live_on(world, 1)
    Operator({}).follow("No back-up is left", "reconcile_billing")
    lost, known = billing(), statuses().keys()
    transaction.savepoint_rollback(empty)

    User.objects.create_user("ada")
    Operator({}).follow("No back-up is left")
    assert billing() == lost
    assert statuses().keys() == known


def test_a_call_that_the_database_has_forgotten_is_not_made_twice(stripe: Served) -> None:
    def ask() -> str:
        parameters, now = {"name": "Ada"}, timezone.now()
        made = StripeClient().create_customer(parameters, reference="order-1017", now=now)
        return str(made["id"])

    back_up = transaction.savepoint()
    made = ask()
    transaction.savepoint_rollback(back_up)
    assert ask() == made


@pytest.mark.postgresql
def test_a_flood_that_the_database_has_forgotten_is_recorded_anew(redis: Redis) -> None:
    event = sample("test.happened")
    back_up = transaction.savepoint()
    for _ in range(1 + replay_cache.FLOOD):
        deliver(event)
    transaction.savepoint_rollback(back_up)
    # Redis remembers it, and spares the database.
    assert deliver(event).json()["idempotent_replay"]
    assert statuses() == {}

    Operator({}).follow("A restored database", "redis-cli")
    assert deliver(event).json() == {"status": "received"}
    assert statuses().keys() == {event["id"]}
