"""Objects of providers other than Stripe, asked for by the keys of their endpoints."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from billing.models import MODELS, Charge, Subscription
from billing.testing.lives.gocardless import ANSWERED, ANSWERS, LIFE, delivery, event
from webhooks.models import WebhookEvent
from webhooks.testing.client import deliver
from webhooks.testing.object_server import ObjectServer, serving_objects

# Nothing is asked within a transaction.
pytestmark = pytest.mark.django_db(transaction=True)

KEY = "sandbox_known_to_all"


@pytest.fixture
def api() -> Iterator[ObjectServer]:
    with serving_objects() as served:
        served.objects = dict(ANSWERS)
        yield served


@pytest.fixture(autouse=True)
def _endpoint(api: ObjectServer, settings: Any) -> None:
    cache.clear()
    settings.STRIPE_FETCH_PER_SECOND = 100_000
    settings.GOCARDLESS_API_KEY = KEY
    settings.GOCARDLESS_WEBHOOK_SECRET = LIFE.secret
    settings.WEBHOOK_ENDPOINTS = {
        "gocardless": {
            "provider": "gocardless",
            "secrets_setting": "GOCARDLESS_WEBHOOK_SECRET",
            "api_base": api.url,
        }
    }


def told(*events: dict[str, Any]) -> WebhookEvent:
    assert deliver(delivery(*events), endpoint="gocardless").status_code == 200
    return WebhookEvent.objects.latest("pk")


CONFIRMED = event(4, 4, "payments", "confirmed", payment="PM123")


@pytest.mark.parametrize("seed", range(3))
def test_what_events_only_name_is_as_the_provider_has_it(api: ObjectServer, seed: int) -> None:
    drawn = random.Random(seed)  # noqa: S311
    for payload in drawn.sample(LIFE.deliveries, len(LIFE.deliveries)):
        assert deliver(payload, endpoint="gocardless").status_code == 200

    for model in MODELS.values():
        rows = {row.provider_id: row for row in model._default_manager.all()}
        expected = ANSWERED.get(model, {})
        assert rows.keys() == expected.keys()
        for provider_id, values in expected.items():
            assert {name: getattr(rows[provider_id], name) for name in values} == values
            assert not rows[provider_id].in_doubt
    assert {authorization for _, authorization in api.asked} == {f"Bearer {KEY}"}


def test_while_the_provider_is_away_the_event_waits(api: ObjectServer) -> None:
    api.status = 503
    row = told(CONFIRMED)
    assert (row.status, Charge.objects.count()) == ("pending", 0)
    assert "gocardless could not be asked: it answers 503." in row.last_error
    assert KEY not in row.last_error


def test_a_key_that_is_refused_is_named_and_not_told(api: ObjectServer) -> None:
    api.status = 401
    row = told(CONFIRMED)
    assert "it refuses the key in GOCARDLESS_API_KEY" in row.last_error
    assert KEY not in row.last_error


def test_what_the_provider_does_not_have_stays_in_doubt(api: ObjectServer) -> None:
    api.objects = {}
    assert told(CONFIRMED).status == "processed"
    assert Charge.objects.get().in_doubt


@pytest.mark.parametrize(
    ("setting", "value"),
    [("GOCARDLESS_API_KEY", ""), ("STRIPE_FETCH", "never")],
)
def test_without_a_key_what_events_tell_is_stored_and_in_doubt(
    api: ObjectServer, settings: Any, setting: str, value: str
) -> None:
    setattr(settings, setting, value)
    assert told(CONFIRMED).status == "processed"
    row = Charge.objects.get()
    assert (row.status, row.amount, row.in_doubt) == ("succeeded", None, True)
    assert api.asked == []


def test_without_a_key_a_paused_subscription_is_paused(settings: Any) -> None:
    settings.GOCARDLESS_API_KEY = ""
    told(event(1, 1, "subscriptions", "resumed", subscription="SB1"))
    told(event(2, 2, "subscriptions", "paused", subscription="SB1"))
    row = Subscription.objects.get()
    assert (row.status, row.in_doubt) == ("paused", True)


def test_only_https_is_asked_but_for_this_machine(settings: Any, api: ObjectServer) -> None:
    own = settings.WEBHOOK_ENDPOINTS["gocardless"]
    settings.WEBHOOK_ENDPOINTS = {"gocardless": own | {"api_base": "http://api.example.com"}}
    assert told(CONFIRMED).status == "processed"
    assert Charge.objects.get().in_doubt


def test_an_answer_about_another_object_is_not_believed(api: ObjectServer) -> None:
    api.objects["/payments/PM123"] = ANSWERS["/payments/PM456"]
    assert "not about the charge asked for" in told(CONFIRMED).last_error
    assert not Charge.objects.exists()
