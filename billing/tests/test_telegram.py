"""Telegram's payments and subscriptions, beside their lives in `billing.testing.lives`."""

import json
from collections.abc import Iterable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from billing.entitlements import entitlement
from billing.models import Charge, Customer, Subscription
from billing.testing.lives.telegram import FIRST, MONTH, paid, renewal
from webhooks.models import Trigger, WebhookEvent
from webhooks.processing.replay import replay, request_replay
from webhooks.testing.client import post

pytestmark = pytest.mark.django_db

TOKEN = "OursAndNobodyElses_OursAndNobodyElses"


@pytest.fixture(autouse=True)
def _bot(settings: Any) -> None:
    settings.WEBHOOK_ENDPOINTS = {
        "telegram": {"provider": "telegram", "secrets_setting": "TELEGRAM_WEBHOOK_SECRET"}
    }
    settings.TELEGRAM_WEBHOOK_SECRET = TOKEN


def send(updates: Iterable[dict[str, Any]]) -> None:
    for update in updates:
        headers = {"X-Telegram-Bot-Api-Secret-Token": TOKEN}
        answer = post(json.dumps(update).encode(), headers, "/webhooks/telegram")
        assert answer.status_code == 200, answer.content


def test_a_subscription_entitles_until_its_time() -> None:
    send([renewal(1, 0)])
    customer = Customer.objects.get()

    during = entitlement(customer, "gold", now=FIRST + timedelta(days=29))
    after = entitlement(customer, "gold", now=FIRST + 3 * MONTH)

    assert (during.allowed, after.allowed) == (True, False)
    assert not entitlement(customer, "silver", now=FIRST + timedelta(days=1)).allowed


@pytest.mark.parametrize("product", ["gold", "Gold-2", "for Ada, as she asked"])
def test_a_payment_of_somebody_erased_is_run_again_without_another_subscription(
    product: str,
) -> None:
    paying = renewal(1, 0)
    paying["message"]["successful_payment"]["invoice_payload"] = product
    send([paying])
    call_command("erase_customer", "42", "--reason=asked for", stdout=StringIO())

    order = request_replay(
        trigger=Trigger.STAFF, actor="anna", reason="", now=timezone.now(), force=True
    )
    replay(WebhookEvent.objects.all(), order)

    assert WebhookEvent.objects.get().status == "processed"
    assert [row.provider_id for row in Subscription.objects.all()] == [f"42:{product}"]
    [charge] = Charge.objects.all()
    assert (charge.amount, charge.currency) == (250, "xtr")
    assert "Ada" not in str(charge.metadata)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"telegram_payment_charge_id": ""},
        {"telegram_payment_charge_id": None},
        {"total_amount": "250"},
        {"subscription_expiration_date": "soon"},
        {"invoice_payload": 7},
    ],
)
def test_what_is_of_another_shape_fails_with_the_place_named(spoilt: dict[str, Any]) -> None:
    send([paid(1, FIRST, "stx1", **spoilt)])

    event = WebhookEvent.objects.get()
    assert event.status == "failed"
    assert next(iter(spoilt)) in event.last_error
    assert not Charge.objects.exists()
