"""Addresses of Redis and of a broker that can't be read: as if it were away, and nothing told."""

import logging
from collections.abc import Iterator

import pytest
from celery import Celery
from django.test import Client
from pytest_django import Settings

from billing.models import Customer
from tests.delivering import deliver
from tests.processes import wait_until
from webhooks.guards import rate_limit, replay_cache
from webhooks.guards.circuit_breaker import Breaker
from webhooks.processing import wakeup
from webhooks.testing import sample
from webhooks.testing.client import post, sign
from webhooks.testing.fake_stripe import Served, customers, deliverable

pytestmark = pytest.mark.django_db

UNREADABLE = [
    "localhost:6379",
    "redis://:MARKED/x@127.0.0.1:9/0",
    "redis://:MARKED[x@127.0.0.1:9/0",
    "redis://:MARKED@127.0.0.1:9/0?MARKED=1",
]


@pytest.fixture(params=UNREADABLE)
def address(
    request: pytest.FixtureRequest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An address of Redis that can't be read, as a project may have it that adopts the apps."""
    monkeypatch.setattr(replay_cache, "_breaker", Breaker())
    rate_limit.reset()
    replay_cache._script.cache_clear()
    settings.REDIS_URL = request.param
    settings.CACHES = {
        "default": {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": request.param}
    }
    yield request.param
    rate_limit.reset()
    replay_cache._script.cache_clear()


@pytest.mark.usefixtures("address")
def test_deliveries_refusals_alarms_and_probes_go_on(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.WEBHOOK_ALARMS = {"burst": 1}
    body = b"{}"

    assert deliver(sample("invoice.paid")).status == "processed"
    assert post(body, sign(body, secret="of nobody")).status_code == 400
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["cache"]) == (200, "failing")
    assert [record for record in caplog.records if record.name == "webhooks.alarms"]
    assert caplog.text.count("its address can't be read") == 2
    assert "MARKED" not in caplog.text


@pytest.mark.usefixtures("address")
def test_objects_are_fetched(stripe: Served, caplog: pytest.LogCaptureFixture) -> None:
    customer = customers.create(stripe.world.account(""), name="Jo")
    for name in ("Al", "Bo"):
        customers.update(stripe.world.account(""), customer["id"], name=name)
    for payload in deliverable(stripe.world)[-2:]:
        # Of one second, and without what tells their order.
        del payload["data"]["previous_attributes"]
        assert deliver(payload).status == "processed"

    assert Customer.objects.get().name == "Bo"
    assert len(stripe.world.faults.requests) == 1
    assert "MARKED" not in caplog.text


@pytest.mark.parametrize("address", ["redis://:MARKED/x@127.0.0.1:9/0", "redis://127.0.0.1:9/MARK"])
def test_the_thread_that_calls_workers_goes_on(
    address: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        wakeup, "current_app", Celery("of one test", broker=address, set_as_current=False)
    )
    monkeypatch.setattr(wakeup, "RECOVERY_SECONDS", 0)
    waker = wakeup.Waker()
    waker.called.set()
    wait_until(lambda: bool(caplog.records))
    waker.called.set()
    wait_until(lambda: len(caplog.records) > 1)

    assert {record.name for record in caplog.records} == {wakeup.__name__}
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "MARK" not in caplog.text
